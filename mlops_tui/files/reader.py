"""One file being read: its tree, the values made from it, and every problem found on the way."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import yaml

from mlops_tui.core.errors import InvalidFiles, Problem
from mlops_tui.core.leave import one_line
from mlops_tui.files.convert import BAD, converter
from mlops_tui.files.disk import read_text, shown_path
from mlops_tui.files.hints import lines_of
from mlops_tui.files.tree import Node, compose

T = TypeVar("T")
Place = Node | yaml.Mark | tuple[int, int] | None


class Reader:
    """A file's text as a tree, and the problems found in it.

    `source` is the file's name as shown. `zone` is that of times without an offset (UTC where None). `root` is None
    when the text is not YAML or empty; the reason is then in `problems`.
    """

    def __init__(self, text: str, *, source: str, zone: ZoneInfo | None = None) -> None:
        self.text = text
        self.source = source
        self.zone = zone
        self.problems: list[Problem] = []
        self._known: set[Problem] = set()
        self._lines: list[str] | None = None
        self._paths: dict[int, str] | None = None
        self.root: Node | None = compose(text, self.add)

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Record a problem at a node, a mark, a (line, column) from 1, or None for the whole file; once each."""
        line, column = _line_column(place)
        if line > len(lines := self.lines):  # YAML gives nothing at a file's very end a line that the file has not
            line, column = len(lines), len(lines[-1]) + 1
        problem = Problem(self.source, line, column, message, hint)
        if problem not in self._known:
            self._known.add(problem)
            self.problems.append(problem)

    def convert(self, node: Node | None, type_: type[T]) -> T | None:
        """The node as a value of the type (or any type expression); None when a problem was recorded at or below it."""
        if node is None:
            return None
        value = converter(cast("Hashable", type_))(self, node)
        return None if value is BAD else cast("T", value)

    def entries(self, node: Node) -> list[tuple[str, Node, Node]]:
        """The mapping's (key, key node, value node) in the order written; duplicate and odd keys are recorded, left out.

        Anything but a mapping is recorded, and gives an empty list.
        """
        if not isinstance(node, yaml.MappingNode):
            self.add(node, f"expected a mapping, found {self.describe(node)}", self.colon_hint(node))
            return []
        out: list[tuple[str, Node, Node]] = []
        seen: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.add(key, "a key must be text", "put text that begins with { or [ in quotes")
            elif key.value in seen:
                first, _ = _line_column(seen[key.value])
                self.add(key, f"duplicate key {_shown(key.value)}", f"first at line {first}")
            elif key.value == "<<" and not key.style:
                self.add(key, "merge keys are not read", "write the keys out")
            else:
                seen[key.value] = key
                out.append((key.value, key, value))
        return out

    def value(self, node: Node | None, *path: str | int) -> Node | None:
        """The node at a path below another, such as `("models", "credit-risk", "on_call", 0)`; None where there is none."""
        found, rest = _walk(node, path)
        return None if rest or found is None else found[1]

    def position(self, *path: str | int) -> tuple[int, int]:
        """Line and column of the value at a path from the root, or of its nearest ancestor that is there."""
        found, _ = _walk(self.root, path)
        return _line_column(found[1] if found else None)

    def key_position(self, *path: str | int) -> tuple[int, int]:
        """Line and column of the key at a path (of the item, in a list), or of the nearest ancestor that is there."""
        found, rest = _walk(self.root, path)
        return _line_column((found[1] if rest else found[0] or found[1]) if found else None)

    def path_of(self, node: Node) -> str:
        """Where a node stands, as `models.credit-risk.alerts[0]`; empty for the root and for nodes of other files."""
        if self._paths is None:
            self._paths = dict(_paths(self.root))
        return self._paths.get(id(node), "")

    @property
    def lines(self) -> list[str]:
        """The lines of the text, as YAML counts them; at least one."""
        if self._lines is None:
            self._lines = lines_of(self.text)
        return self._lines

    def line(self, number: int) -> str:
        """One line of the text, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def describe(self, node: Node) -> str:
        """A node for a message: `a list`, `a mapping`, `nothing` or the text in quotes."""
        if isinstance(node, yaml.ScalarNode):
            return "nothing" if not node.value and not node.style else _shown(node.value)
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"

    def colon_hint(self, node: Node) -> str:
        """A hint for text where a mapping was meant: the space after the colon."""
        if isinstance(node, yaml.ScalarNode) and not node.style and ":" in node.value and "\n" not in node.value:
            return "a key needs a space after its colon"
        return ""

    def finish(self) -> None:
        """Raise InvalidFiles when there are problems."""
        if self.problems:
            raise InvalidFiles(self.problems)


def read(path: Path, type_: type[T], *, root: Path) -> tuple[T, Reader]:
    """The file as a value, with its reader. Raises InvalidFiles with every problem, also when the file cannot be read.

    The file is named relative to `root`, the project's folder.
    """
    source = shown_path(path, root)
    reader = Reader(read_text(path, source=source), source=source)
    value = reader.convert(reader.root, type_)
    reader.finish()
    assert value is not None
    return value, reader


def _shown(text: str) -> str:
    return repr(one_line(text, most=60))


def _line_column(place: Place) -> tuple[int, int]:
    if place is None:
        return 0, 0
    if isinstance(place, tuple):
        return place
    mark: Any = place.start_mark if isinstance(place, yaml.Node) else place
    return mark.line + 1, mark.column + 1


def _walk(node: Node | None, path: tuple[str | int, ...]) -> tuple[tuple[Node | None, Node] | None, tuple[str | int, ...]]:
    """The (key, node) furthest along a path, and what of the path is left."""
    if node is None:
        return None, path
    here: tuple[Node | None, Node] = (None, node)
    for i, part in enumerate(path):
        current = here[1]
        step: tuple[Node | None, Node] | None = None
        if isinstance(current, yaml.MappingNode):
            step = next(((k, v) for k, v in current.value if isinstance(k, yaml.ScalarNode) and k.value == part), None)
        elif isinstance(current, yaml.SequenceNode) and isinstance(part, int) and 0 <= part < len(current.value):
            step = (None, current.value[part])
        if step is None:
            return here, path[i:]
        here = step
    return here, ()


def _paths(root: Node | None) -> Iterable[tuple[int, str]]:
    """Every node's path; a node that an alias repeats has that of its last place."""
    todo: list[tuple[str, Node]] = [("", root)] if root is not None else []
    seen: set[int] = set()
    while todo:
        path, node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield id(node), path
        if isinstance(node, yaml.SequenceNode):
            todo += [(f"{path}[{i}]", v) for i, v in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            keys = [(k.value, v) for k, v in node.value if isinstance(k, yaml.ScalarNode)]
            todo += [(f"{path}.{k}" if path else k, v) for k, v in keys]
