"""What every code means, its usual causes and what to do: read from the .md files in this directory.

An entry is a heading `## CODE: title`, then its meaning, then bullets under **Causes** and **Cure**. Lines
indented by four or more are commands, to be pasted as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HEADING = re.compile(r"^## (KB-[A-Z0-9-]+): (.+)$", re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]*`")
_STIFF = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Explanation:
    """One code. title: its meaning in one line. meaning, causes, cure: Markdown; meaning may be ''."""

    code: str
    title: str
    meaning: str
    causes: str
    cure: str

    def text(self, width: int) -> str:
        """The whole entry in lines of at most `width` columns; commands are never broken."""
        parts = (
            f"{self.code}: {self.title}",
            self.meaning,
            "Usual causes" if self.causes else "",
            self.causes,
            "What to do",
            self.cure,
        )
        return "\n\n".join(_wrapped(part, width) for part in parts if part) + "\n"


def entries() -> dict[str, Explanation]:
    """All entries by code, sorted."""
    return {code: found[0] for code, found in sorted(_by_code().items())}


def near(code: str) -> list[str]:
    """The codes most similar to a word that is not a code, the best match first."""
    import difflib

    word = plain(code)
    close = difflib.get_close_matches(word, entries(), n=3, cutoff=0.6)
    within = [known for known in entries() if word.removeprefix("KB-") in known]
    return list(dict.fromkeys((*within[:5], *close)))


def plain(word: str) -> str:
    """Normalize a code as typed: kb_ssh_auth, ssh-auth and KB-SSH-AUTH are the same."""
    upper = word.strip().upper().replace("_", "-")
    return upper if upper.startswith("KB-") else f"KB-{upper}"


@cache
def _by_code() -> dict[str, list[Explanation]]:
    """Each code's entries: a list, so that a test can find a duplicate."""
    found: dict[str, list[Explanation]] = {}
    for path in sorted(Path(__file__).parent.glob("*.md")):
        for entry in parse(path.read_text(encoding="utf-8")):
            found.setdefault(entry.code, []).append(entry)
    return found


def parse(text: str) -> Iterator[Explanation]:
    """The entries of one file."""
    _, *rest = HEADING.split(text)
    for code, title, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        meaning, _, more = body.partition("**Causes**\n")
        causes, _, cure = more.partition("**Cure**\n")
        yield Explanation(code, title, meaning.strip(), causes.strip(), cure.strip())


# By hand, although rich renders Markdown: it takes the backticks away, which alone mark commands off a terminal, breaks
# long commands, which then cannot be pasted, and fills lines with blanks.
def _wrapped(text: str, width: int) -> str:
    return "\n".join(line for block in _blocks(text) for line in _lines(block, width))


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, bullets and commands, each with its lines joined; commands and blank lines as they are."""
    gathered: list[str] = []
    for line in text.splitlines():
        is_own = not line.strip() or line.startswith("    ")
        if gathered and (is_own or line.startswith("- ")):
            yield " ".join(gathered)
            gathered = []
        if is_own:
            yield line
        else:
            gathered.append(line.strip())
    if gathered:
        yield " ".join(gathered)


def _lines(block: str, width: int) -> list[str]:
    if not block.strip() or block.startswith("    "):
        return [block.rstrip()]
    import textwrap

    stiff = _CODE_SPAN.sub(lambda found: found[0].replace(" ", _STIFF), block)
    wrapped = textwrap.wrap(
        stiff,
        width,
        subsequent_indent="  " if block.startswith("- ") else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_STIFF, " ") for line in wrapped]
