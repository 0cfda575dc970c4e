"""The kinds of values that keys take, and the marks that fields of the model carry in Annotated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from k8sboot.inventory.forms import Form


@dataclass(frozen=True)
class Derived:
    """Marks a field that is no key."""


@dataclass(frozen=True)
class LocalPath:
    """Marks a local path (or a URL), relative to the inventory's directory. unless: a word that is not a path.

    or_text: what a text begins with that stands for the file, and may have several lines.
    """

    must_exist: bool = False
    unless: str = ""
    or_text: str = ""


@dataclass(frozen=True)
class Unavailable:
    """Marks words that are not available in a choice, each with the reason."""

    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Nature:
    """Marks what becomes of a changed value on a running cluster. A section's mark applies to its keys without one.

    by: the command that a change needs. is_refused: until then a difference is an error, else it is reported.
    """

    word: Literal["applied", "needs a command of its own", "fixed at birth"]
    by: str = ""
    is_refused: bool = True

    @property
    def help(self) -> str:
        """The sentence that the key's help ends with; '' for what is applied."""
        match self:
            case Nature("fixed at birth"):
                return "Fixed at birth."
            case Nature("needs a command of its own", by, is_refused):
                return f"A change needs {by}; `up` {'refuses' if is_refused else 'only reports'} it."
        return ""


APPLIED = Nature("applied")
FIXED = Nature("fixed at birth")


def needs(by: str, *, is_refused: bool = True) -> Nature:
    """The mark of a key whose change needs a command of its own."""
    return Nature("needs a command of its own", by, is_refused)


@dataclass(frozen=True)
class Text:
    """One line of text. may_be_empty: "" is allowed, and the default."""

    form: Form | None = None
    may_be_empty: bool = False
    path: LocalPath | None = None


@dataclass(frozen=True)
class Choice:
    """One of a few words. reasons: why other words are not available."""

    words: tuple[str, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


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
class TextList:
    """A list of texts."""

    form: Form | None = None


@dataclass(frozen=True)
class Pairs:
    """A mapping of names to texts."""

    name_form: Form | None
    value_form: Form | None = None


@dataclass(frozen=True)
class Free:
    """A mapping with kubeadm's own fields: see free.py for the types of its scalars."""


@dataclass(frozen=True)
class Section:
    """A mapping with known keys that becomes a dataclass."""

    becomes: type
    keys: Mapping[str, Key]

    @property
    def required(self) -> tuple[str, ...]:
        """The keys without a default."""
        return tuple(name for name, key in self.keys.items() if key.default is dataclasses.MISSING)


@dataclass(frozen=True)
class Named:
    """A mapping of names to sections."""

    name_form: Form | None
    section: Section


@dataclass(frozen=True)
class Many:
    """A list of sections."""

    section: Section


Kind = Text | Choice | Number | Flag | SecretText | TextList | Pairs | Free | Section | Named | Many


@dataclass(frozen=True)
class Key:
    """One key. field: of the dataclass. default: MISSING if there is none. help: one line for operators.

    nature: None where neither the key nor, in keys.rows, its section declares one.
    """

    field: str
    kind: Kind
    default: object
    help: str
    nature: Nature | None = None
