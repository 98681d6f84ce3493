"""YAML text to a tree of nodes whose scalars are all text; bounded, without tags, without recursion.

PyYAML's own composer recurses in C, so that a file of 50,000 brackets ends the process; this one keeps a stack of
its own, counts depth and size as it goes, and names every tag and unknown alias instead of stopping at the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from mlops_tui.core.leave import one_line
from mlops_tui.files.hints import explain

Node = yaml.Node
Add = Callable[[Any, str, str], None]
"""Records a problem: at a node, a mark, a (line, column) from 1, or None for the whole file; message; hint."""

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_CHARACTERS = 8_000_000

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_UNPRINTABLE = 20
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{t}" for t in ("str", "seq", "map"))


class _TooMuchError(Exception):
    """The tree passes a limit; the problem is already recorded."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is still to come: the key that waits for its value, what it holds, how deep it is."""

    node: Any
    anchor: str | None
    key: Node | None = None
    size: int = 1
    height: int = 1


def compose(text: str, add: Add) -> Node | None:
    """The root of one YAML document; None when the text is not YAML or holds nothing, with the reason recorded."""
    if len(text) > MAX_CHARACTERS:
        add(None, f"the file is too large: {len(text):,} characters, at most {MAX_CHARACTERS:,} are read", "")
        return None
    unprintable = list(_UNPRINTABLE.finditer(text))
    for match in unprintable[:_MOST_UNPRINTABLE]:
        start = text.rfind("\n", 0, match.start()) + 1
        place = (text.count("\n", 0, match.start()) + 1, match.start() - start + 1)
        add(place, f"control character U+{ord(match[0]):04X}", "delete it, or write it as an escape in double quotes")
    if unprintable:
        return None
    try:
        root = _Composer(add).run(text)
    except yaml.MarkedYAMLError as error:
        add(*explain(error, text))
        return None
    except _TooMuchError:
        return None
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value and not root.style):
        add(None, "the file is empty", "")
        return None
    return root


def _events(text: str) -> Iterator[Any]:
    parser = _LOADER(text)
    try:
        while True:
            event = parser.get_event()
            if event is None or isinstance(event, yaml.StreamEndEvent):
                return
            yield event
    finally:
        parser.dispose()


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self, add: Add) -> None:
        self._add = add
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._root: Node | None = None
        self._documents = 0

    def run(self, text: str) -> Node | None:
        """The root node; None for a text without a document."""
        for event in _events(text):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._untagged(event)
                node = yaml.ScalarNode(_TEXT, event.value, event.start_mark, event.end_mark, event.style or None)
                if event.anchor:
                    self._anchors[event.anchor] = (node, 1, 1)
                self._place(node, 1, 1)
            elif kind is yaml.MappingStartEvent:
                self._begin(yaml.MappingNode(_MAPPING, [], event.start_mark, None, event.flow_style), event)
            elif kind is yaml.SequenceStartEvent:
                self._begin(yaml.SequenceNode(_LIST, [], event.start_mark, None, event.flow_style), event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    self._add(event.start_mark, "a second document begins", "one file holds one document: remove the ---")
                    return self._root
        return self._root

    def _untagged(self, event: Any) -> None:
        if event.tag is not None:
            tag = one_line(event.tag.replace("tag:yaml.org,2002:", "!!"), most=60)
            self._add(event.start_mark, f"the tag {tag} is not read", "put a value that begins with ! in quotes")

    def _begin(self, node: Any, event: Any) -> None:
        self._untagged(event)
        if len(self._stack) >= MAX_DEPTH:
            self._add(event.start_mark, f"nested more than {MAX_DEPTH} deep", "")
            raise _TooMuchError
        self._stack.append(_Open(node, event.anchor))

    def _end(self, event: Any) -> None:
        done = self._stack.pop()
        done.node.end_mark = event.end_mark
        if done.anchor:
            self._anchors[done.anchor] = (done.node, done.size, done.height)
        self._place(done.node, done.size, done.height)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            name = one_line(event.anchor, most=60)
            if any(o.anchor == event.anchor for o in self._stack):
                self._add(event.start_mark, f"*{name} refers to what it stands in", "")
                raise _TooMuchError
            self._add(event.start_mark, f"unknown alias *{name}", "put a value that begins with * in quotes")
            known = (yaml.ScalarNode(_TEXT, f"*{event.anchor}", event.start_mark, event.end_mark, "'"), 1, 1)
        node, size, height = known
        if len(self._stack) + height > MAX_DEPTH:
            self._add(event.start_mark, f"nested more than {MAX_DEPTH} deep", "")
            raise _TooMuchError
        self._place(node, size, height, event.start_mark)

    def _place(self, node: Node, size: int, height: int, mark: Any = None) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.size += size
        if parent.size > MAX_NODES:
            self._add(mark or node.start_mark, f"more than {MAX_NODES:,} values, counting what aliases repeat", "")
            raise _TooMuchError
        if height >= parent.height:
            parent.height = height + 1
        if isinstance(parent.node, yaml.SequenceNode):
            parent.node.value.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.node.value.append((parent.key, node))
            parent.key = None
