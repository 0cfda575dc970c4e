"""From YAML text to a tree of plain nodes with their places: no types, no tags, no aliases, bounded depth.

Built from the parser's events with a stack of our own, so that no input can exhaust Python's. The scalars
stay text: what `1.30`, `no` or `22:22` mean is the schema's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from k8sboot.inventory.nodes import Listing, Node, Scalar, Table
from k8sboot.inventory.notes import Notes
from k8sboot.inventory.source import Mark, Source

DEEPEST = 50
TOO_DEEP = f"nested deeper than {DEEPEST} levels"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass
class _Frame:
    """A collection that has begun and not ended."""

    is_table: bool
    mark: Mark
    children: list[Node] = field(default_factory=list)


def parse(source: Source, notes: Notes) -> Table:
    """The inventory as a tree. Raises InventoryError when it is no YAML mapping; other faults go to notes."""
    _refuse_unreadable(source, notes)
    root = _compose(source, notes)
    if isinstance(root, Table):
        return root
    if root is None or (isinstance(root, Scalar) and root.is_null):
        notes.error("KB-EMPTY", "the inventory is empty", Mark(), "start from inventory.example.yaml")
    else:
        notes.error("KB-KIND", "an inventory is a mapping of sections", root.mark, "begin with `masters:`")
    notes.raise_errors()
    raise AssertionError("an error was just noted")


def _refuse_unreadable(source: Source, notes: Notes) -> None:
    for number, line in enumerate(source.lines, start=1):
        if found := _UNREADABLE.search(line):
            message = f"the character U+{ord(found[0]):04X} has no place in an inventory"
            notes.error("KB-SYNTAX", message, Mark(number, found.start() + 1), "delete it")
    notes.raise_errors()


def _compose(source: Source, notes: Notes) -> Node | None:
    top = _Frame(is_table=False, mark=Mark())
    stack = [top]
    documents = 0
    for event in _events(source, notes):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _refuse(
                    notes,
                    event,
                    "KB-SYNTAX",
                    "an inventory is one document",
                    "delete the `---` and what follows",
                )
        _take(event, stack, notes)
    return top.children[0] if top.children else None


def _take(event: Any, stack: list[_Frame], notes: Notes) -> None:  # noqa: ANN401  PyYAML's events share no typed base
    if isinstance(event, yaml.NodeEvent):
        _check_properties(event, notes)
    if isinstance(event, yaml.CollectionStartEvent):
        if len(stack) > DEEPEST:
            _refuse(notes, event, "KB-DEPTH", TOO_DEEP, "flatten it")
        stack.append(_Frame(isinstance(event, yaml.MappingStartEvent), _mark(event.start_mark)))
    elif isinstance(event, yaml.CollectionEndEvent):
        ended = stack.pop()
        stack[-1].children.append(_closed(ended, notes))
    elif isinstance(event, yaml.ScalarEvent):
        stack[-1].children.append(Scalar(event.value, _mark(event.start_mark), not event.style))
    elif isinstance(event, yaml.AliasEvent):
        stack[-1].children.append(Scalar("", _mark(event.start_mark)))


def _closed(frame: _Frame, notes: Notes) -> Node:
    if not frame.is_table:
        return Listing(tuple(frame.children), frame.mark)
    first_line: dict[str, int] = {}
    entries = []
    for key, value in zip(frame.children[::2], frame.children[1::2], strict=True):
        if not isinstance(key, Scalar):
            notes.error("KB-KIND", "a key must be a plain word", key.mark, "quote it if braces are meant")
        elif key.text in first_line:
            message = f"the key `{key.text}` stands here a second time (first in line {first_line[key.text]})"
            notes.error("KB-DUPLICATE-KEY", message, key.mark, "keep one of the two")
        else:
            first_line[key.text] = key.mark.line
            entries.append((key, value))
    return Table(tuple(entries), frame.mark)


def _check_properties(event: Any, notes: Notes) -> None:  # noqa: ANN401  as above
    mark = _mark(event.start_mark)
    if event.anchor is not None:
        what = "alias `*" if isinstance(event, yaml.AliasEvent) else "anchor `&"
        message = f"{what}{event.anchor}`: anchors and aliases are not read"
        notes.error("KB-ALIAS", message, mark, "write the value out; what all hosts share goes under `ssh:`")
    tag = getattr(event, "tag", None)
    if tag is not None:
        written = tag.replace("tag:yaml.org,2002:", "!!")
        message = f"the tag `{written}` is not read: the key says which type its value has"
        notes.error("KB-TAG", message, mark, "delete the tag; quote the value if it is text")


def _events(source: Source, notes: Notes) -> Iterator[Any]:
    try:
        yield from yaml.parse(source.text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):  # newer libyaml gives up before our own bound is seen
            _refuse(notes, _too_deep(source), "KB-DEPTH", TOO_DEEP, "flatten it")
        place = error.problem_mark or error.context_mark
        mark = _mark(place) if place else Mark()
        context = f" {error.context}" if error.context else ""
        message = f"no YAML{context}: {error.problem or 'cannot be read'}"
        notes.error("KB-SYNTAX", message, mark, _syntax_suggestion(source, mark))
        notes.raise_errors()
    except yaml.YAMLError as error:
        notes.error("KB-SYNTAX", f"no YAML: {error}", Mark())
        notes.raise_errors()


def _too_deep(source: Source) -> Any:  # noqa: ANN401  as above
    """The event that begins one level more than are read, by the parser that has no bound of its own."""
    depth = 0
    for event in yaml.parse(source.text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return event
    raise AssertionError("libyaml's bound is above ours")


def _syntax_suggestion(source: Source, mark: Mark) -> str:
    line = source.lines[mark.line - 1] if 0 < mark.line <= len(source.lines) else ""
    value = line.partition(":")[2].strip()
    if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column - 1 : mark.column] == "\t":
        return "indent with spaces: YAML allows no tabs there"
    if "${" in line:
        return "quote the value: without quotes the braces of ${...} are YAML's own"
    if value[:1] in {"@", "`", "%", "*", "&", "!"} or ": " in value:
        return "quote the value: '...'"
    return "look at this line and the one before: indentation, a missing colon, bracket or quote"


def _refuse(notes: Notes, event: Any, code: str, message: str, suggestion: str) -> None:  # noqa: ANN401  as above
    notes.error(code, message, _mark(event.start_mark), suggestion)
    notes.raise_errors()


def _mark(mark: Any) -> Mark:  # noqa: ANN401  two classes without a common base, one for each of PyYAML's parsers
    return Mark(mark.line + 1, mark.column + 1)
