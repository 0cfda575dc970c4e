"""Counts the steps of a backtracking search, as Python's `re` does them, and makes the texts that it is slow on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

try:
    import re._constants as c
    import re._parser as parser
except ModuleNotFoundError:  # Python 3.10
    import sre_constants as c
    import sre_parse as parser

Nodes = list[Any]
Then = Callable[[int], bool]


FEW = 4
"""What a bounded repeat counts to at most, so that short texts show how steps grow."""


MOST = 100_000


class TooManySteps(Exception):
    """The search takes more than MOST steps."""


class Counter:
    """Searches text for a pattern with backtracking, and counts each look at a character."""

    def __init__(self, pattern: str, text: str) -> None:
        self.steps, self._text = 0, text
        self._nodes = parse(pattern)
        self._has_dotall = bool(re.compile(pattern).flags & re.DOTALL)

    def search_all(self) -> int:
        """The steps of finditer()."""
        at = 0
        while at <= len(self._text):
            end = [at]
            at = (
                max(end[0], at + 1)
                if self._match(self._nodes, at, lambda pos, e=end: _put(e, pos))
                else at + 1
            )
        return self.steps

    def match_start(self) -> int:
        """The steps of fullmatch()."""
        self._match(self._nodes, 0, lambda pos: pos == len(self._text))
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST:
            raise TooManySteps

    def _match(self, nodes: Nodes, at: int, then: Then) -> bool:
        self._step()
        if not nodes:
            return then(at)
        (op, value), rest = nodes[0], nodes[1:]
        if op in (c.MAX_REPEAT, c.MIN_REPEAT):
            return self._repeat(value, rest, at, then)
        if op is c.SUBPATTERN:
            return self._match([*value[3], *rest], at, then)
        if op is c.BRANCH:
            return any(self._match([*each, *rest], at, then) for each in value[1])
        if op in (c.ASSERT, c.ASSERT_NOT):
            way, inner = value
            begin = at - inner.getwidth()[0] if way < 0 else at
            found = begin >= 0 and self._match([*inner], begin, lambda pos: way > 0 or pos == at)
            return found is (op is c.ASSERT) and self._match(rest, at, then)
        if op is c.AT:
            return self._is_at(value, at) and self._match(rest, at, then)
        return at < len(self._text) and self._takes((op, value), at) and self._match(rest, at + 1, then)

    def _repeat(self, value: Any, rest: Nodes, at: int, then: Then) -> bool:
        least, most, inner = min(value[0], FEW), value[1], value[2]
        most = most if most is c.MAXREPEAT else min(most, FEW)
        nodes = [*inner]
        if len(nodes) == 1 and nodes[0][0] in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN):
            return self._run(nodes[0], (least, most), rest, at, then)

        def more(pos: int, count: int, before: int = -1) -> bool:
            if count < most and pos > before and self._match(nodes, pos, lambda p: more(p, count + 1, pos)):
                return True
            return count >= least and self._match(rest, pos, then)

        return more(at, 0)

    def _run(self, node: Any, bounds: tuple[int, int], rest: Nodes, at: int, then: Then) -> bool:
        least, most = bounds
        end = at
        while end < len(self._text) and end - at < most and self._takes(node, end):
            self._step()
            end += 1
        return any(self._match(rest, pos, then) for pos in range(end, at + least - 1, -1))

    def _takes(self, node: Any, at: int) -> bool:
        return (self._has_dotall and node[0] is c.ANY) or takes(*node, self._text[at])

    def _is_at(self, kind: Any, at: int) -> bool:
        before, after = self._text[at - 1 : at] if at else "", self._text[at : at + 1]
        if kind in (c.AT_BOUNDARY, c.AT_NON_BOUNDARY):
            is_edge = bool(_is_word(before)) != bool(_is_word(after))
            return is_edge is (kind is c.AT_BOUNDARY)
        if kind in (c.AT_BEGINNING_STRING,):
            return at == 0
        if kind is c.AT_BEGINNING:
            return before in ("", "\n")
        return after == "" or (kind is c.AT_END and after == "\n")


def parse(pattern: str) -> Nodes:
    """The nodes of a pattern."""
    return [*parser.parse(pattern)]


def _put(place: list[int], pos: int) -> bool:
    place[0] = pos
    return True


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CATEGORIES = {
    c.CATEGORY_DIGIT: str.isdigit,
    c.CATEGORY_SPACE: str.isspace,
    c.CATEGORY_WORD: _is_word,
    c.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
    c.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    c.CATEGORY_NOT_WORD: lambda char: not _is_word(char),
}


def takes(op: Any, value: Any, char: str) -> bool:
    """Whether a node for one character takes it. `.` takes no line break."""
    if op is c.IN:
        is_negated = value[0][0] is c.NEGATE
        return is_negated is not any(takes(*each, char) for each in value if each[0] is not c.NEGATE)
    if op is c.RANGE:
        return value[0] <= ord(char) <= value[1]
    if op is c.CATEGORY:
        return bool(_CATEGORIES[value](char))
    return char != "\n" if op is c.ANY else (ord(char) == value) is (op is c.LITERAL)


def pumps(pattern: str) -> Iterator[tuple[str, str]]:
    """(head, part): texts of head and many parts, which reach each repeat of the pattern and then fail it."""
    found: set[tuple[str, str]] = set()
    whole = _sample(parse(pattern), "", found)
    return iter(sorted({*found, ("", whole)} - {(head, "") for head, _ in found}))


_TRIED = "a1 \n-./=:\"'{[(\\"


def _sample(nodes: Nodes, text: str, found: set[tuple[str, str]]) -> str:
    """text and a text that the nodes take; found gets the pumps of their repeats."""
    for op, value in nodes:
        if op in (c.MAX_REPEAT, c.MIN_REPEAT):
            least, most, inner = value
            piece = _sample([*inner], text, found)[len(text) :]
            if most is c.MAXREPEAT:
                found.add((text, piece))
                found.update(("", text + more) for more in ("", piece, f"{piece}\n") if text)
                found.update((text, char) for char in _TRIED if any(_may(node, char) for node in inner))
            text += piece * max(1, min(least, FEW))
        elif op is c.SUBPATTERN:
            text = _sample([*value[3]], text, found)
        elif op is c.BRANCH:
            text = [_sample([*each], text, found) for each in value[1]][0]
        elif op is c.ASSERT and value[0] < 0:
            text = _sample([*value[1]], text, found)
        elif op in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN):
            text += _one(op, value)
    return text


def _may(node: Any, char: str) -> bool:
    return node[0] in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN) and takes(*node, char)


def _one(op: Any, value: Any) -> str:
    if op is c.LITERAL:
        return chr(value)
    return next((char for char in _TRIED if takes(op, value, char)), "z") if op is not c.IN else _of(value)


def _of(members: Any) -> str:
    firsts = [chr(v if o is c.LITERAL else v[0]) for o, v in members if o in (c.LITERAL, c.RANGE)]
    return next((char for char in (*_TRIED, *firsts) if takes(c.IN, members, char)), "z")
