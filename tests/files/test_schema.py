"""JSON Schema for editors: from the same types as the reader."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from mlops_tui.core.threshold import Quantity
from mlops_tui.files import json_schema


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a thing."""

    from_: timedelta = msgspec.field(name="from", default=timedelta(minutes=20))
    more: list[Part] = []


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing.

    With parts.
    """

    version: Literal[1]
    name: str | None = None
    top: Quantity
    parts: dict[Literal["a", "b"], Part] = {}
    range: tuple[float, float] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, description="How many.")] = 1


def test_a_struct_becomes_a_closed_object_with_its_docstring() -> None:
    """Keys, required keys, defaults and docstrings are the type's; unknown keys are refused by the editor too."""
    schema = json_schema(Thing, title="Things")
    assert schema["$schema"].endswith("2020-12/schema")
    assert (schema["title"], schema["$ref"]) == ("Things", "#/$defs/Thing")
    thing, part = schema["$defs"]["Thing"], schema["$defs"]["Part"]
    assert thing["description"] == "A thing.\n\nWith parts."
    assert thing["required"] == ["version", "top"]
    assert thing["additionalProperties"] is False
    assert thing["properties"]["version"] == {"enum": [1]}
    assert thing["properties"]["n"] == {"type": "integer", "minimum": 1, "description": "How many.", "default": 1}
    assert thing["properties"]["range"]["prefixItems"] == [{"type": "number"}, {"type": "number"}]
    assert thing["properties"]["parts"]["propertyNames"] == {"enum": ["a", "b"]}
    assert part["properties"]["from"]["default"] == "20m"
    assert part["properties"]["more"]["items"] == {"$ref": "#/$defs/Part"}


def test_text_allows_what_an_editor_reads_as_a_number() -> None:
    """The reader takes `1.10` as text, so the schema must not call it a mistake."""
    name = json_schema(Thing, title="t")["$defs"]["Thing"]["properties"]["name"]
    assert name == {"type": ["string", "number", "boolean", "null"]}


def test_the_schema_is_plain_json() -> None:
    """It can be printed as it is."""
    assert msgspec.json.decode(msgspec.json.encode(json_schema(Thing, title="t")))["title"] == "t"
