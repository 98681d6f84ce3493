"""JSON Schema of the types that files are read into, for editors; from the same types as the reader."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, get_args, get_origin

import msgspec

from mlops_tui.core.window import format_duration, iso
from mlops_tui.files.convert import is_union, scalar_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(type_: Any, *, title: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of a type, with `$defs` for its Structs and descriptions from their docstrings.

    It allows what the reader allows: where any scalar is read as text, numbers and booleans are allowed too, since an
    editor types `1.10` and `true` by itself.
    """
    builder = _Builder()
    body = builder.of(type_)
    out: dict[str, Any] = {"$schema": DIALECT, "title": title} | body
    return out | ({"$defs": dict(sorted(builder.defs.items()))} if builder.defs else {})


class _Builder:
    def __init__(self) -> None:
        self.defs: dict[str, dict[str, Any]] = {}
        self._names: dict[type[Any], str] = {}

    def of(self, type_: Any) -> dict[str, Any]:
        """The schema of one type expression."""
        scalar = scalar_of(type_)
        if scalar is not None:
            return dict(scalar.schema)
        origin, arguments = get_origin(type_), get_args(type_)
        if is_union(type_):
            return self._union(arguments)
        if origin is Annotated:
            return self.of(arguments[0]) | _bounds(arguments[1:])
        if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
            return {"$ref": f"#/$defs/{self._define(type_)}"}
        if origin is tuple and arguments[-1] is not Ellipsis:
            items = [self.of(a) for a in arguments]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        if origin in (list, tuple, Sequence):
            return {"type": "array", "items": self.of(arguments[0])}
        if origin in (set, frozenset):
            return {"type": "array", "items": self.of(arguments[0]), "uniqueItems": True}
        if origin in (dict, Mapping):
            return self._mapping(*arguments)
        return {}

    def _union(self, arguments: tuple[Any, ...]) -> dict[str, Any]:
        options = [self.of(a) for a in arguments if a is not type(None)]
        empty = len(options) < len(arguments)
        if empty and len(options) == 1 and "type" in options[0]:
            kinds = options[0]["type"]
            return options[0] | {"type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}
        options += [{"type": "null"}] if empty else []
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _mapping(self, key: Any, value: Any) -> dict[str, Any]:
        names = self.of(key).get("enum")
        return {"type": "object", "additionalProperties": self.of(value)} | (
            {"propertyNames": {"enum": names}} if names else {}
        )

    def _define(self, cls: type[msgspec.Struct]) -> str:
        if cls in self._names:
            return self._names[cls]
        name = cls.__name__ if cls.__name__ not in self.defs else f"{cls.__module__.replace('.', '_')}_{cls.__name__}"
        self._names[cls] = name
        self.defs[name] = {}
        hints = typing.get_type_hints(cls, include_extras=True)
        fields = msgspec.structs.fields(cls)
        required = [f.encode_name for f in fields if f.required]
        self.defs[name] = {
            "type": "object",
            **({"description": about} if (about := inspect.cleandoc(cls.__doc__ or "")) else {}),
            "properties": {f.encode_name: self.of(hints[f.name]) | _default(f) for f in fields},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }
        return name


def _default(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    """The default as the file would write it, where it says something."""
    value = field.default
    if isinstance(value, timedelta):
        return {"default": format_duration(value)}
    if isinstance(value, datetime):
        return {"default": iso(value)}
    if isinstance(value, date):
        return {"default": value.isoformat()}
    return {"default": value} if isinstance(value, str | int | float) and value != "" else {}


def _bounds(metas: tuple[Any, ...]) -> dict[str, Any]:
    names = {
        "ge": "minimum",
        "gt": "exclusiveMinimum",
        "le": "maximum",
        "lt": "exclusiveMaximum",
        "min_length": "minLength",
        "max_length": "maxLength",
        "pattern": "pattern",
        "description": "description",
    }
    found = {theirs: getattr(m, ours) for m in metas if isinstance(m, msgspec.Meta) for ours, theirs in names.items()}
    return {k: v for k, v in found.items() if v is not None}
