"""Parse and write YAML documents so that kubectl and kubeadm read the same values.

The libyaml parser is used if PyYAML has it: a Calico manifest is half a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from k8sboot.errors import Refused

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# PyYAML takes these for strings and writes them bare; Go's readers take them for numbers or booleans.
_NOT_TEXT_TO_GO = re.compile(
    r"[yYnN]|0o[0-7]+|0[bB][01_]+|[-+]?[\d_]+(\.[\d_]*)?|[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?"
)


class _Dumper(_BaseDumper):  # type: ignore[misc]
    """Quotes what another parser would not read as text, and keeps multi-line text as lines."""


def _string(dumper: yaml.representer.SafeRepresenter, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if _NOT_TEXT_TO_GO.fullmatch(value):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _string)


def load_documents(text: str, what: str) -> list[dict[str, Any]]:
    """Every mapping in a stream of documents; empty documents are omitted.

    what names the text in the error: Refused if it is not YAML, or a document is not a mapping.
    """
    try:
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused(f"{what} is not YAML", why=_first_line(error), code="KB-YAML") from error
    for document in documents:
        if not isinstance(document, dict):
            raise Refused(f"{what} does not consist of YAML mappings", why=_seen(document), code="KB-YAML")
    return documents


def dump_documents(documents: Iterable[object]) -> str:
    """Block style, keys in order, documents separated by ---."""
    parts = (
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
        for document in documents
    )
    return "---\n".join(parts)


def _first_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return (str(error) or type(error).__name__).splitlines()[0]


def _seen(document: object) -> str:
    return f"it holds {type(document).__name__} {str(document)[:40]!r}"
