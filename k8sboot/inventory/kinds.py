"""What a key of the inventory can take. The words schema.py is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8sboot.inventory.forms import Form


@dataclass(frozen=True)
class Text:
    """One line of text. is_path: a path of this machine (unless a URL), relative to the inventory's folder.

    may_be_empty: "" is said on purpose, and the default. unless: a word that is no path.
    """

    form: Form | None = None
    may_be_empty: bool = False
    is_path: bool = False
    unless: str = ""
    must_exist: bool = False


@dataclass(frozen=True)
class Choice:
    """One of a few words. notes: why a word that people try is not among them."""

    words: tuple[str, ...]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Number:
    """A whole decimal number within bounds."""

    least: int
    most: int


@dataclass(frozen=True)
class Flag:
    """true or false. YAML 1.1's yes, no, on and off are refused with a suggestion."""


@dataclass(frozen=True)
class SecretText:
    """A secret: {env: X}, {file: P}, {command: [...]}, {prompt: true} or, with a warning, the text itself."""


@dataclass(frozen=True)
class Words:
    """A list of texts."""

    form: Form | None = None


@dataclass(frozen=True)
class Pairs:
    """A mapping of names to texts."""

    name_form: Form


@dataclass(frozen=True)
class Free:
    """A mapping that kubeadm understands and we do not: see free.py for the types of its scalars."""


@dataclass(frozen=True)
class Section:
    """A mapping with known keys that becomes a dataclass."""

    becomes: type
    keys: Mapping[str, Kind]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """A mapping of names to sections."""

    name_form: Form
    section: Section


@dataclass(frozen=True)
class Many:
    """A list of sections."""

    section: Section


Kind = Text | Choice | Number | Flag | SecretText | Words | Pairs | Free | Section | Named | Many
