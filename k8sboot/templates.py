"""Render the files for hosts. The only module that knows where templates are stored.

A template gets named values and nothing else; a value is data and is never rendered itself.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
from pathlib import Path
from typing import NoReturn

import jinja2

from k8sboot.errors import K8sbootError

_HERE = Path(__file__).resolve().parent
# In the wheel the templates are next to this module; in an editable install, next to the package.
DIRECTORIES = (_HERE / "templates", _HERE.parent / "templates")

# Characters that JSON leaves as they are, but a YAML parser rejects or reads as a line break.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


class TemplateError(K8sbootError):
    """A template is missing, or got too few or unsuitable values."""

    code = "KB-TEMPLATE"


def render(name: str, **values: object) -> str:
    """Render the template `name`, e.g. `render("hosts.j2", entries=[...])`.

    Raises TemplateError, which names the template and what is missing.
    """
    try:
        return _environment().get_template(name).render(**values)
    except jinja2.TemplateNotFound as error:
        _fail(name, f"there is no template {error.name} in {' or '.join(map(str, DIRECTORIES))}", error)
    except jinja2.UndefinedError as error:
        _fail(name, f"a value is missing: {error.message}", error)
    except (jinja2.TemplateSyntaxError, TypeError, ValueError) as error:
        _fail(name, str(error), error)


def _fail(name: str, why: str, cause: Exception) -> NoReturn:
    raise TemplateError(
        f"cannot render the template {name}",
        why=why,
        fix="reinstall k8sboot; if the error persists, report it",
    ) from cause


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 - these are configuration files, not HTML
        loader=jinja2.FileSystemLoader([str(directory) for directory in DIRECTORIES]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(yaml=as_yaml, sh=_sh, line=_line)
    return environment


def as_yaml(value: object) -> str:
    """A value as one line that YAML and JSON parsers read alike."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _sh(value: object) -> str:
    """A value as one word for a POSIX shell, or for a systemd EnvironmentFile."""
    return shlex.quote(_line(value))


def _line(value: object) -> str:
    """A value that must stay on one line of a file."""
    text = str(value)
    if found := _CONTROL.search(text):
        raise ValueError(f"a value for one line contains the control character {found[0]!r}")
    return text
