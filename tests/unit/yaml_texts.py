"""YAML as kubeadm and kubectl read and print it; by libyaml where PyYAML has it, in a tenth of the time."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def documents(text: str) -> list[Any]:
    """All documents of a text."""
    return list(yaml.load_all(text, Loader=_LOADER))


def by_kind(text: str) -> dict[str, Any]:
    """The documents of a text, which has one of each kind."""
    return {document["kind"]: document for document in documents(text)}


def document(text: str) -> Any:
    """The one document of a text."""
    return yaml.load(text, Loader=_LOADER)


def printed(value: object) -> str:
    """A document."""
    return yaml.dump(value, Dumper=_DUMPER)
