"""The inventory's bytes and lines: read within limits, and quoted without secrets."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from k8sboot.errors import InventoryError, Problem

LARGEST = 1024 * 1024
STDIN = "-"

_LINE_END = re.compile(r"\r\n|\r|\n")
# bounded everywhere: a line may be a MiB long
_SECRET_WORD = r"(?:pas|word|pwd|pw|secret|token|certificateKey|credential)"  # noqa: S105
_KEY_OF_SECRET = rf"{_SECRET_WORD}[\w-]{{0,40}}[\"']?\s{{0,40}}:"
_SOURCE_KEY = r"(?:env|file|command|prompt)\s{0,40}:"
_VARIABLE = r"[\"']?\$\{\w+\}[\"']?\s{0,40}(?:[,}\]#]|$)"
_NO_LITERAL = rf"(?!\s{{0,40}}(?:\{{\s{{0,40}}{_SOURCE_KEY}|{_SOURCE_KEY}|{_VARIABLE}|#|$))"
_SECRET_VALUE = re.compile(rf"({_KEY_OF_SECRET}){_NO_LITERAL}(\s{{0,40}}).+", re.IGNORECASE)
_BLOCK = r"\s{0,40}(?:[|>][+\-0-9]*)?\s{0,40}(?:#.*)?$"
_SECRET_PARENT = re.compile(rf".{{0,200}}{_KEY_OF_SECRET}{_BLOCK}", re.IGNORECASE)
_SECRET_SOURCE = re.compile(rf"\s*{_SOURCE_KEY}")
_LONGEST_QUOTE = 4096
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Mark:
    """A place in the file. line and column count from 1; 0, 0 means the whole file."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class SourceFile:
    """A decoded inventory. name: as shown to people. text: without byte order mark. raw: the file's bytes."""

    name: str
    text: str
    raw: bytes
    lines: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the file's bytes, in hexadecimal."""
        import hashlib  # late: OpenSSL is not needed to refuse an inventory

        return hashlib.sha256(self.raw).hexdigest()

    def quote(self, line: int) -> str:
        """That line, counted from 1, with everything from the first literal secret on as ***; "" if none."""
        if not 1 <= line <= len(self.lines):
            return ""
        text = self.lines[line - 1][:_LONGEST_QUOTE]
        # the key of a value that begins a line with `:` may stand anywhere
        if self._is_under_secret_key(line - 1) or text.lstrip()[:1] == ":":
            return _indent(text) * " " + "***"
        return _SECRET_VALUE.sub(r"\1\2***", text)

    def hides(self, line: int) -> bool:
        """Whether that line has, or may have, a value that quote() leaves out."""
        return 1 <= line <= len(self.lines) and self.quote(line) != self.lines[line - 1]

    def _is_under_secret_key(self, index: int) -> bool:
        text = self.lines[index][:_LONGEST_QUOTE]
        if _SECRET_SOURCE.match(text):
            return False
        before = reversed(self.lines[max(0, index - 20) : index])
        above = (line[:_LONGEST_QUOTE] for line in before if line.strip())
        parent = next((line for line in above if _indent(line) < _indent(text)), "")
        return parent.lstrip()[:1] == ":" or _SECRET_PARENT.match(parent) is not None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def read_source(path: str) -> SourceFile:
    """Read an inventory of at most 1 MiB of UTF-8, with or without byte order mark; `-` is stdin.

    Raises InventoryError with one problem when it cannot be read or is not UTF-8.
    """
    name = "<stdin>" if path == STDIN else path
    raw = _read(path, name)
    if len(raw) > LARGEST:
        raise _failed(
            "KB-FILE",
            "the inventory is larger than 1 MiB",
            name,
            "check the path: this is not an inventory",
        )
    text = _decode(raw, name)
    return SourceFile(
        name=name,
        text=text,
        raw=raw,
        lines=tuple(_LINE_END.split(text)),
    )


def _read(path: str, name: str) -> bytes:
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(LARGEST + 1)
        with Path(path).open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        fix = "pass the path with `-i FILE`, or copy inventory.example.yaml to start with"
        raise _failed("KB-FILE", "the inventory does not exist", name, fix) from None
    except IsADirectoryError:
        fix = "pass the file in it: `-i DIRECTORY/inventory.yaml`"
        raise _failed("KB-FILE", "the inventory is a directory", name, fix) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _failed("KB-FILE", f"cannot read the inventory: {why}", name) from None


def _decode(raw: bytes, name: str) -> str:
    if raw.startswith(_BYTE_ORDER_MARKS) or (len(raw) > 1 and 0 in raw[:2]):
        fix = f"convert it: `iconv -f UTF-16 -t UTF-8 {name}`"
        raise _failed("KB-ENCODING", "the inventory is UTF-16 or UTF-32, not UTF-8", name, fix)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = raw.removeprefix(b"\xef\xbb\xbf")[: error.start].decode("utf-8")
        lines = _LINE_END.split(good)
        message = f"the inventory is not UTF-8: byte 0x{error.object[error.start]:02x}"
        fix = f"save it as UTF-8, or convert it: `iconv -f GB18030 -t UTF-8 {name}` (Chinese Windows)"
        mark = Mark(len(lines), len(lines[-1]) + 1)
        raise _failed("KB-ENCODING", message, name, fix, mark) from None


def _failed(
    code: str, message: str, name: str, suggestion: str = "", mark: Mark | None = None
) -> InventoryError:
    at = mark or Mark()
    return InventoryError([Problem(code, message, name, at.line, at.column, "", suggestion)])
