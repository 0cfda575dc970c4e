"""From YAML text to a tree of plain nodes with their places: no types, no tags, no aliases, bounded depth.

Built from the parser's events, which carry what yaml.compose drops: anchors, aliases and explicit tags with their
places. The scalars stay text: what `1.30`, `no` or `22:22` mean depends on the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import yaml

from k8sboot.inventory.nodes import Listing, Node, Scalar, Table
from k8sboot.inventory.problems import Problems
from k8sboot.inventory.source import Mark, SourceFile

DEEPEST = 50
TOO_DEEP = f"nested deeper than {DEEPEST} levels"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def parse(source: SourceFile, problems: Problems) -> Table:
    """The inventory as a tree. Raises InventoryError if it is not a YAML mapping; other faults go to problems."""
    _refuse_unreadable(source, problems)
    root = _compose(source, problems, _LOADER)
    if isinstance(root, Table):
        return root
    if root is None or (isinstance(root, Scalar) and root.is_null):
        problems.error(
            "KB-EMPTY", "the inventory is empty", Mark(), "copy inventory.example.yaml to start with"
        )
    else:
        problems.error(
            "KB-KIND", "an inventory must be a mapping of sections", root.mark, "start with `masters:`"
        )
    problems.raise_errors()
    raise AssertionError("an error was just noted")


def _refuse_unreadable(source: SourceFile, problems: Problems) -> None:
    for number, line in enumerate(source.lines, start=1):
        if found := _UNREADABLE.search(line):
            message = f"the character U+{ord(found[0]):04X} is not allowed in an inventory"
            problems.error("KB-SYNTAX", message, Mark(number, found.start() + 1), "delete it")
    problems.raise_errors()


def _compose(source: SourceFile, problems: Problems, loader: Any) -> Node | None:  # noqa: ANN401  both loaders
    events = _events(source, problems, loader)
    root = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root:
                fix = "delete this `---` and everything after it"
                _refuse(problems, event, "KB-SYNTAX", "an inventory must be a single YAML document", fix)
        elif isinstance(event, yaml.NodeEvent):
            root = _node(event, events, problems, depth=1)
    return root


def _node(event: Any, events: Iterator[Any], problems: Problems, depth: int) -> Node:  # noqa: ANN401  PyYAML's events
    """The node that begins with event; takes its other events. Recurses DEEPEST levels at most."""
    _check_properties(event, problems)
    mark = _mark(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        return Scalar("", mark)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, mark, not event.style)
    if depth > DEEPEST:
        _refuse(problems, event, "KB-DEPTH", TOO_DEEP, "reduce the nesting")
    children = tuple(
        _node(each, events, problems, depth + 1)
        for each in takewhile(lambda each: not isinstance(each, yaml.CollectionEndEvent), events)
    )
    if isinstance(event, yaml.SequenceStartEvent):
        return Listing(children, mark)
    return Table(_entries(children, problems), mark)


def _entries(children: tuple[Node, ...], problems: Problems) -> tuple[tuple[Scalar, Node], ...]:
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in zip(children[::2], children[1::2], strict=True):
        if not isinstance(key, Scalar):
            problems.error(
                "KB-KIND",
                "a key must be a plain word",
                key.mark,
                "quote the key if it contains braces or brackets",
            )
        elif key.text in entries:
            line = entries[key.text][0].mark.line
            message = f"duplicate key `{key.text}` (first on line {line})"
            problems.error("KB-DUPLICATE-KEY", message, key.mark, "delete one of the two")
        else:
            entries[key.text] = (key, value)
    return tuple(entries.values())


def _check_properties(event: Any, problems: Problems) -> None:  # noqa: ANN401  as above
    mark = _mark(event.start_mark)
    if event.anchor is not None:
        what = "alias `*" if isinstance(event, yaml.AliasEvent) else "anchor `&"
        named = "" if problems.hides(mark) else f"{what}{event.anchor}`: "
        message = f"{named}anchors and aliases are not supported"
        problems.error(
            "KB-ALIAS",
            message,
            mark,
            "quote a value that starts with `*` or `&`; else repeat the value that is meant",
        )
    tag = getattr(event, "tag", None)
    if tag is not None:
        written = tag.replace("tag:yaml.org,2002:", "!!")
        named = "a tag" if problems.hides(mark) else f"the tag `{written}`"
        message = f"{named} is not supported: the key decides the type of its value"
        problems.error("KB-TAG", message, mark, "delete the tag; quote the value if it starts with `!`")


def _events(source: SourceFile, problems: Problems, loader: Any) -> Iterator[Any]:  # noqa: ANN401  as above
    try:
        yield from yaml.parse(source.text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):
            # libyaml looks ahead and stops before our bound is seen; the parser in Python has no bound and finds it
            _compose(source, Problems(source), yaml.SafeLoader)
        place = error.problem_mark or error.context_mark
        mark = _mark(place) if place else Mark()
        context = f" {error.context}" if error.context else ""
        message = f"invalid YAML{context}: {error.problem or 'cannot be parsed'}"
        problems.error("KB-SYNTAX", message, mark, _syntax_suggestion(source, mark))
        problems.raise_errors()
    except yaml.YAMLError as error:
        problems.error("KB-SYNTAX", f"invalid YAML: {error}", Mark())
        problems.raise_errors()


def _syntax_suggestion(source: SourceFile, mark: Mark) -> str:
    line = source.lines[mark.line - 1] if 0 < mark.line <= len(source.lines) else ""
    value = line.partition(":")[2].strip()
    if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column - 1 : mark.column] == "\t":
        return "indent with spaces: YAML does not allow tabs there"
    if "${" in line:
        return "quote the value: YAML reads the unquoted braces of ${...} as its own"
    if value[:1] in {"@", "`", "%", "*", "&", "!"} or ": " in value:
        return "quote the value: '...'"
    return "check this line and the one before for indentation, or a missing colon, bracket or quote"


def _refuse(problems: Problems, event: Any, code: str, message: str, suggestion: str) -> None:  # noqa: ANN401  as above
    problems.error(code, message, _mark(event.start_mark), suggestion)
    problems.raise_errors()


def _mark(mark: Any) -> Mark:  # noqa: ANN401  two classes without a common base, one for each of PyYAML's parsers
    return Mark(mark.line + 1, mark.column + 1)
