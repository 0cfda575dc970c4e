"""Files of templates with values that the inventory lets through, and what a shell reads in them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import strategies as some
from hypothesis import assume

from k8sboot.errors import K8sbootError
from k8sboot.inventory import forms, keys
from k8sboot.inventory.kinds import Pairs, Section, Text, TextList
from k8sboot.inventory.scalars import is_plain
from k8sboot.templates import render


def form_of(path: str) -> Callable[[str], str] | None:
    """The form that the inventory demands of the values of a key."""
    section: object = keys.inventory()
    for part in path.split("."):
        assert isinstance(section, Section)
        section = section.keys[part].kind
    if isinstance(section, Pairs):
        return section.value_form
    return section.form if isinstance(section, Text | TextList) else None


def let_through(path: str, text: str) -> str:
    """The value as the inventory takes it; the example is dropped where it does not."""
    form = form_of(path)
    assume(is_plain(text))
    try:
        return form(text) if form else text
    except forms.FormError:
        assume(False)
        raise


def rendered(name: str, **values: object) -> str:
    """The file; the example is dropped where the template refuses a value."""
    try:
        return render(name, **values)
    except K8sbootError:
        assume(False)
        raise


WORDS = [
    "example.com",
    ".svc",
    "10.0.0.0/8",
    "--a=b",
    "ntp.example",
    "1",
    "a b",
    "a;b",
    "$(touch x)",
    "a'b",
    "\\",
    '"x"',
]
values = some.twisted(WORDS, WORDS) | some.texts


def in_shell(text: str, name: str) -> str:
    """The value of a variable after a shell has read a file of assignments, in which nothing else happens."""
    code = f'{text}\nprintf "[%s]" "${name}"'
    assume("\0" not in code)
    raw = code.encode("utf-8", "surrogateescape") if is_encodable(code) else b""
    assume(raw)
    done = subprocess.run(
        ["/bin/sh", "-c", raw], capture_output=True, check=False, env={"PATH": "/nonexistent"}, timeout=60
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")[1:-1]


def is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
