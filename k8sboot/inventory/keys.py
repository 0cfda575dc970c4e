"""The keys of the inventory, read from the model: its classes' annotations, defaults and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeGuard, get_args, get_origin, get_type_hints

from k8sboot.inventory.forms import Form
from k8sboot.inventory.hosts import HostSpec, SshSettings
from k8sboot.inventory.kinds import (
    Choice,
    Derived,
    Flag,
    Free,
    Key,
    Kind,
    LocalPath,
    Many,
    Named,
    Nature,
    Number,
    Pairs,
    SecretText,
    Section,
    Text,
    TextList,
    Unavailable,
)
from k8sboot.inventory.model import Spec
from k8sboot.secret import Secret

_ACRONYMS = {"sans": "SANs", "arp": "ARP", "tls": "TLS"}
_HELP = re.compile(r"^(\w+): (.+(?:\n +\S.*)*)", re.MULTILINE)


@cache
def inventory() -> Section:
    """The whole file: the Spec's keys and `ssh`, whose keys are shared by all hosts."""
    keys = section(Spec).keys
    return Section(Spec, {"cluster": keys["cluster"], "ssh": section(HostSpec).keys["ssh"], **keys})


@cache
def section(becomes: type) -> Section:
    """The section that becomes this class of the model, its keys in the order of the fields."""
    help_texts = {name: " ".join(text.split()) for name, text in _HELP.findall(inspect.getdoc(becomes) or "")}
    hints = get_type_hints(becomes, include_extras=True)
    keys = {}
    for each in dataclasses.fields(becomes):
        hint = hints[each.name]
        base, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if Derived() not in marks:
            default = each.default if each.default_factory is dataclasses.MISSING else each.default_factory()
            nature = next((mark for mark in marks if isinstance(mark, Nature)), None)
            text = f"{help_texts.get(each.name, '')} {nature.help if nature else ''}".strip()
            keys[_key_name(each.name)] = Key(each.name, _kind(base, marks, default), default, text, nature)
    return Section(becomes, keys)


def rows(
    of: Section | None = None, prefix: str = "", nature: Nature | None = None
) -> Iterator[tuple[str, Key]]:
    """Every key that takes a value, in order, under its dotted name: `[]` is an item, `{}` a name.

    A host's own ssh keys are not repeated. nature: of keys that declare none.
    """
    of = of or inventory()
    for name, declared in of.keys.items():
        key = dataclasses.replace(declared, nature=declared.nature or nature)
        inner = key.kind.section if isinstance(key.kind, Named | Many) else key.kind
        if not isinstance(inner, Section):
            yield prefix + name, key
        elif not (inner.becomes is SshSettings and of.becomes is HostSpec):
            mark = {Named: ".{}", Many: "[]"}.get(type(key.kind), "")
            yield from rows(inner, f"{prefix}{name}{mark}.", key.nature)


def said(values: Mapping[str, object], of: Section | None = None, prefix: str = "") -> Iterator[str]:
    """The dotted names of the keys that have a value; a list or a mapping of names is one key."""
    for name, key in (of or inventory()).keys.items():
        value = values.get(key.field)
        if isinstance(key.kind, Section) and isinstance(value, Mapping):
            yield from said(value, key.kind, f"{prefix}{name}.")
        elif value is not None:
            yield prefix + name


def _key_name(field: str) -> str:
    """cert_sans is the key certSANs."""
    first, *others = field.split("_")
    return first + "".join(_ACRONYMS.get(part) or part.capitalize() for part in others)


def _kind(hint: Any, marks: Sequence[Any], default: object) -> Kind:  # noqa: ANN401  a type, as typing has them
    origin, of = get_origin(hint), get_args(hint)
    forms: list[Form] = [mark for mark in marks if callable(mark)]
    form = forms[0] if forms else None
    if type(None) in of:
        return _kind(of[0], marks, default)
    if origin is Literal:
        return Choice(of, next((mark.reasons for mark in marks if isinstance(mark, Unavailable)), {}))
    if origin is tuple:
        return Many(section(of[0])) if _is_section(of[0]) else TextList(form)
    if origin is Mapping:
        return _mapping(of[1], forms)
    return section(hint) if _is_section(hint) else _scalar(hint, marks, Text(form, default == ""))


def _mapping(to: Any, forms: Sequence[Form]) -> Kind:  # noqa: ANN401  as above
    """forms: of the names, and of the values where these have one."""
    if to is Any:
        return Free()
    return Named(forms[0], section(to)) if _is_section(to) else Pairs(*forms)


def _scalar(hint: type, marks: Sequence[Any], text: Text) -> Kind:
    if hint is int:
        return next(mark for mark in marks if isinstance(mark, Number))
    path = next((mark for mark in marks if isinstance(mark, LocalPath)), None)
    kinds: dict[type, Kind] = {
        bool: Flag(),
        Secret: SecretText(),
        str: dataclasses.replace(text, path=path),
    }
    return kinds[hint]


def _is_section(hint: object) -> TypeGuard[type]:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)
