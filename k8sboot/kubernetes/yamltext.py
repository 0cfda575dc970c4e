"""Parse and write YAML documents so that kubectl and kubeadm read the same values.

The libyaml parser is used if PyYAML has it: a Calico manifest is half a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from k8sboot.errors import Refused
from k8sboot.text.json_text import bounded

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# PyYAML takes these for strings and writes them bare; Go's readers take them for numbers or booleans.
_NOT_TEXT_TO_GO = re.compile(
    r"[yYnN]|0o[0-7]+|0[bB][01_]+|[-+]?[\d_]+(\.[\d_]*)?|[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?"
)


LARGEST = 16 * 1024 * 1024
"""Characters."""
_CORE = "tag:yaml.org,2002:"
_KINDS = ("null", "bool", "int", "float", "str", "seq", "map")
_LEFT_OUT = {f"{_CORE}{kind}" for kind in ("timestamp", "merge", "value")}
"""What PyYAML takes for more than text, and Kubernetes' readers do not, or no document for them needs."""


class _Loader(_BaseLoader):  # type: ignore[misc]
    """Reads the kinds that JSON has, and nothing else: no tags of other kinds, no aliases, no merged keys.

    A document of a few lines could otherwise stand for gigabytes, and a tag with a wrong value is an error in PyYAML.
    """

    yaml_constructors: dict[Any, Any] = {
        None: _BaseLoader.yaml_constructors[None],
        **{f"{_CORE}{kind}": _BaseLoader.yaml_constructors[f"{_CORE}{kind}"] for kind in _KINDS},
    }
    yaml_implicit_resolvers: dict[Any, Any] = {
        first: [each for each in resolvers if each[0] not in _LEFT_OUT]
        for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - PyYAML's
        """The value of a node that is referred to once."""
        if node in self.constructed_objects:
            raise yaml.constructor.ConstructorError(None, None, "aliases are not supported", node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (KeyError, IndexError, TypeError, AttributeError, OverflowError, ValueError):
            problem = f"it is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401 - PyYAML's
        """Merges nothing: `<<` is a key like others."""


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

    what names the text in the error: Refused if it is not YAML, has more than JSON can have, or a document is not a
    mapping.
    """
    if len(text) > LARGEST:
        raise Refused(f"{what} is larger than {LARGEST >> 20} MiB", code="KB-YAML")
    try:
        read = yaml.load_all(text, Loader=_Loader)  # noqa: S506 - a safe loader, and less
        documents = [bounded(document) for document in read if document is not None]
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
