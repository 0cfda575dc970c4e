"""Make any text safe for a terminal: output of hosts is untrusted."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def safe(text: str) -> str:
    """The text without escape sequences, control characters (newline and tab stay), and what shows nothing.

    Half a character, which no stream can encode, becomes U+FFFD.
    """
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n"))))


def safe_line(text: str) -> str:
    """The same on one line."""
    return " ".join(safe(text).split())


def visible(text: str, longest: int = 600) -> str:
    """text, cut to longest, with every character that could control a terminal replaced by a visible one."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return "→"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    # C1 controls, bidirectional overrides, line separators, surrogates, unassigned
    return (
        "\ufffd"
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Cn", "Co"}
        else character
    )
