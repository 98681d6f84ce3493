"""A node of the tree to a value of a type, with every problem recorded and none raised.

`msgspec` stops at the first error and knows no lines, so its types are walked here beside the tree. What it inspects
(`msgspec.structs.fields`) is the only schema. A type is compiled once into a converter, then called per node.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Protocol, TypeAlias, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
import yaml

from mlops_tui.core.errors import did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.files import scalars
from mlops_tui.files.scalars import Scalar, broken

Node: TypeAlias = yaml.Node


class Sink(Protocol):
    """What a converter needs of the reader."""

    zone: ZoneInfo | None

    def add(self, place: Any, message: str, hint: str = "") -> None:
        """Record a problem."""

    def entries(self, node: Node) -> list[tuple[str, Node, Node]]:
        """A mapping's entries."""

    def describe(self, node: Node) -> str:
        """A node for a message."""

    def colon_hint(self, node: Node) -> str:
        """A hint for text where a mapping was meant."""

    def path_of(self, node: Node) -> str:
        """Where a node stands."""

    def line(self, number: int) -> str:
        """A line of the file."""


Convert = Callable[[Sink, Node], Any]


class _Bad:
    """What a converter gives when a problem was recorded."""

    def __repr__(self) -> str:
        return "BAD"


BAD = _Bad()


def scalar_of(type_: Any) -> Scalar | None:
    """How a type is read from one text; None where it is not."""
    if get_origin(type_) is Literal:
        return scalars.literal(get_args(type_))
    if type_ in scalars.PLAIN:
        return scalars.PLAIN[type_]
    if isinstance(type_, type) and callable(getattr(type_, "parse", None)):
        return scalars.parsed(type_)
    return None


def is_union(type_: Any) -> bool:
    """Whether a type is `A | B`, however it was written."""
    return get_origin(type_) in (Union, types.UnionType)


@cache
def converter(type_: Any) -> Convert:
    """The converter of a type. Raises TypeError for a type that files cannot hold: a fault of ours, not of the file."""
    scalar = scalar_of(type_)
    if scalar is not None:
        return _Text(scalar)
    origin, arguments = get_origin(type_), get_args(type_)
    if is_union(type_):
        return _Union(arguments)
    if origin is Annotated:
        return _Constrained(arguments[0], [m for m in arguments[1:] if isinstance(m, msgspec.Meta)])
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return _Struct(type_)
    if origin in (list, set, frozenset, Sequence):
        return _List(list if origin is Sequence else origin, arguments[0])
    if origin is tuple:
        return _List(tuple, arguments[0]) if arguments[-1] is Ellipsis else _Tuple(arguments)
    if origin in (dict, Mapping):
        return _Dict(*arguments)
    if type_ is Any or type_ is object:
        return _plain
    raise TypeError(f"a file cannot hold {type_!r}")


def is_empty(node: Node) -> bool:
    """Whether a node is nothing: no value at all, or a bare `null` or `~`."""
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in ("", "null", "~")


def _swallowed(sink: Sink, node: Node) -> str:
    """The text that a `#` right after the key turned into a comment: `slack: #ml-incidents`."""
    mark = node.start_mark
    rest = sink.line(mark.line + 1)[mark.column :].strip() if not node.value else ""
    return rest if re.match(r"#\w", rest) else ""


def _refuse(sink: Sink, node: Node, wanted: str, hint: str = "") -> _Bad:
    """Record that a node is of the wrong kind."""
    swallowed = _swallowed(sink, node) if is_empty(node) else ""
    if swallowed:
        shown = one_line(swallowed.split(" ")[0], most=60)
        sink.add(node, "there is no value: what follows # is a comment", f'put it in quotes: "{shown}"')
    elif is_empty(node) and node.value:
        sink.add(node, f"expected {wanted}, found {node.value}", hint or _as_text(node, wanted))
    elif isinstance(node, yaml.MappingNode) and _is_template(node):
        sink.add(node, f"expected {wanted}, found a mapping", "put text that begins with {{ in quotes")
    else:
        sink.add(node, f"expected {wanted}, found {sink.describe(node)}", hint)
    return BAD


def _as_text(node: Node, wanted: str) -> str:
    return f'write "{node.value}" if the text is meant' if "text" in wanted else ""


def _is_template(node: yaml.MappingNode) -> bool:
    return bool(node.flow_style) and any(isinstance(key, yaml.MappingNode) for key, _ in node.value)


class _Text:
    """One scalar."""

    def __init__(self, scalar: Scalar) -> None:
        self._parse = scalar.parse
        self._wanted = scalar.wanted

    def __call__(self, sink: Sink, node: Node) -> Any:
        if not isinstance(node, yaml.ScalarNode) or is_empty(node):
            return _refuse(sink, node, self._wanted)
        try:
            return self._parse(node.value, sink.zone)
        except ValueError as error:
            sink.add(node, str(error), getattr(error, "hint", ""))
            return BAD


class _Union:
    """Several types, chosen by the node's kind; several scalars are tried in the order written, text last."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        members = [a for a in arguments if a is not type(None)]
        self._empty = len(members) < len(arguments)
        found = [(a, scalar_of(_bare(a))) for a in members]
        self._scalars = sorted((s for _, s in found if s is not None), key=lambda s: s is scalars.TEXT)
        others = [a for a, s in found if s is None]
        self._structs = [a for a in others if isinstance(a, type) and issubclass(a, msgspec.Struct)]
        self._mapping = next((a for a in others if get_origin(a) in (dict, Mapping)), None)
        self._list = next((a for a in others if get_origin(a) in (list, tuple, set, frozenset, Sequence)), None)
        self._single = converter(members[0]) if len(members) == 1 else None

    def __call__(self, sink: Sink, node: Node) -> Any:
        if self._empty and is_empty(node):
            return _refuse(sink, node, "a value") if _swallowed(sink, node) else None
        if self._single is not None:
            return self._single(sink, node)
        if isinstance(node, yaml.MappingNode) and (self._structs or self._mapping):
            return converter(self._struct(node) or self._mapping)(sink, node)
        if isinstance(node, yaml.SequenceNode) and self._list:
            return converter(self._list)(sink, node)
        if isinstance(node, yaml.ScalarNode) and self._scalars and not is_empty(node):
            return self._scalar(sink, node)
        return _refuse(sink, node, self._wanted())

    def _scalar(self, sink: Sink, node: yaml.ScalarNode) -> Any:
        for scalar in self._scalars:
            try:
                return scalar.parse(node.value, sink.zone)
            except ValueError as error:
                only = error
        if len(self._scalars) == 1:
            sink.add(node, str(only), getattr(only, "hint", ""))
            return BAD
        return _refuse(sink, node, " or ".join(s.wanted for s in self._scalars))

    def _struct(self, node: yaml.MappingNode) -> Any:
        """The Struct that fits the keys best: most of them known, fewest of its own missing."""

        def fit(cls: type[msgspec.Struct]) -> int:
            fields = msgspec.structs.fields(cls)
            known = {f.encode_name for f in fields}
            return len(keys & known) - len(keys - known) - sum(f.required and f.encode_name not in keys for f in fields)

        keys = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        return max(self._structs, key=fit, default=None)

    def _wanted(self) -> str:
        kinds = [s.wanted for s in self._scalars]
        kinds += ["a list"] if self._list else []
        kinds += ["a mapping"] if self._structs or self._mapping else []
        return " or ".join(kinds)


def _bare(type_: Any) -> Any:
    return get_args(type_)[0] if get_origin(type_) is Annotated else type_


class _List:
    """A list, set or tuple of one type."""

    def __init__(self, make: Callable[[list[Any]], Any], item: Any) -> None:
        self._make = make
        self._item = converter(item)
        self._scalar = scalar_of(item) is not None

    def __call__(self, sink: Sink, node: Node) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            one = isinstance(node, yaml.ScalarNode) and not is_empty(node) and self._scalar
            hint = f"write [{one_line(node.value, most=40)}]" if one else ""
            return _refuse(sink, node, "a list", hint)
        values = [self._item(sink, item) for item in node.value]
        return BAD if any(v is BAD for v in values) else self._make(values)


class _Tuple:
    """A list of a fixed length, each place with its own type."""

    def __init__(self, items: tuple[Any, ...]) -> None:
        self._items = [converter(item) for item in items]

    def __call__(self, sink: Sink, node: Node) -> Any:
        wanted = f"a list of {len(self._items)}"
        if not isinstance(node, yaml.SequenceNode):
            return _refuse(sink, node, wanted)
        if len(node.value) != len(self._items):
            hint = "put values with commas in quotes" if len(node.value) > len(self._items) and node.flow_style else ""
            sink.add(node, f"expected {wanted}, found {len(node.value)}", hint)
            return BAD
        values = [item(sink, n) for item, n in zip(self._items, node.value, strict=True)]
        return BAD if any(v is BAD for v in values) else tuple(values)


class _Dict:
    """A mapping with free keys of one type."""

    def __init__(self, key: Any, value: Any) -> None:
        self._key = converter(key)
        self._value = converter(value)

    def __call__(self, sink: Sink, node: Node) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return _refuse(sink, node, "a mapping", sink.colon_hint(node))
        entries = sink.entries(node)
        pairs = [(self._key(sink, key), self._value(sink, value)) for _, key, value in entries]
        if len(entries) < len(node.value) or any(k is BAD or v is BAD for k, v in pairs):
            return BAD
        return dict(pairs)


class _Struct:
    """A mapping with declared keys."""

    def __init__(self, cls: type[msgspec.Struct]) -> None:
        self._cls = cls
        self._fields: dict[str, tuple[str, Convert]] | None = None
        self._required: tuple[str, ...] = ()

    def _load(self) -> dict[str, tuple[str, Convert]]:
        """The fields by their key in the file; at first use, since a Struct may hold itself."""
        fields = msgspec.structs.fields(self._cls)
        self._required = tuple(f.encode_name for f in fields if f.required)
        hints = typing.get_type_hints(self._cls, include_extras=True)
        self._fields = {f.encode_name: (f.name, converter(hints[f.name])) for f in fields}
        return self._fields

    def __call__(self, sink: Sink, node: Node) -> Any:
        fields = self._load() if self._fields is None else self._fields
        if not isinstance(node, yaml.MappingNode):
            hint = sink.colon_hint(node) or "its keys: " + ", ".join(self._required or fields)
            return _refuse(sink, node, "a mapping", hint)
        entries = sink.entries(node)
        good = len(entries) == len(node.value)
        values: dict[str, Any] = {}
        for text, key, child in entries:
            if text not in fields:
                good = _unknown(sink, text, key, child, fields)
                continue
            name, convert = fields[text]
            values[name] = value = convert(sink, child)
            good = good and value is not BAD
        for key_text in self._required:
            if fields[key_text][0] not in values:
                where = sink.path_of(node)
                sink.add(node, f"missing key {key_text!r}" + (f" in {where}" if where else ""))
                good = False
        return self._make(sink, node, values) if good else BAD

    def _make(self, sink: Sink, node: Node, values: dict[str, Any]) -> Any:
        try:
            return self._cls(**values)
        except ValueError as error:
            sink.add(node, str(error), getattr(error, "hint", ""))
            return BAD


def _unknown(sink: Sink, text: str, key: Node, value: Node, known: Mapping[str, Any]) -> bool:
    """Record a key that nobody declared; always False."""
    after = sink.line(key.end_mark.line + 1)[key.end_mark.column :].lstrip()
    if is_empty(value) and after[:1] in (",", "}"):
        hint = "a comma ends a value inside {...}: put the whole value in quotes"
    else:
        hint = did_you_mean(text, known)
    sink.add(key, f"unknown key {one_line(text, most=60)!r}", hint)
    return False


class _Constrained:
    """A type with bounds (`Annotated[int, msgspec.Meta(ge=1)]`)."""

    def __init__(self, type_: Any, metas: Sequence[msgspec.Meta]) -> None:
        self._convert = converter(type_)
        self._metas = metas

    def __call__(self, sink: Sink, node: Node) -> Any:
        value = self._convert(sink, node)
        reasons = [r for m in self._metas for r in broken(value, m)] if value is not BAD else []
        for reason in reasons:
            sink.add(node, f"expected {reason}, found {sink.describe(node)}")
        return BAD if reasons else value


def _plain(sink: Sink, node: Node) -> Any:
    """Anything: text, list or dict; None for nothing. Scalars stay text."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(sink, item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {text: _plain(sink, value) for text, _, value in sink.entries(node)}
    return None if is_empty(node) else node.value
