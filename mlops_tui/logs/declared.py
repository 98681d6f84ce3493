"""What the inventory says about a log's columns, for the readers of files that do not say it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from mlops_tui.inventory.types import LogSpec

FeatureType = Literal["numeric", "categorical", "boolean", "text"]


@dataclass(frozen=True, slots=True)
class Declared:
    """The log's spec, the zone of its naive times, the columns that must be there, and features' types by column."""

    spec: LogSpec
    zone: ZoneInfo
    required: tuple[str, ...] = ()
    features: Mapping[str, FeatureType] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that must be there, in the order declared."""
        spec = self.spec
        named = [spec.time, spec.id, spec.version, spec.score.column if spec.score else None, spec.latency, spec.cost]
        every = [c for c in (*named, *spec.segments, *spec.sensitive) if c is not None]
        return tuple(dict.fromkeys((*every, *self.required)))

    def kind(self, column: str) -> FeatureType | None:
        """What the column holds, where declared: identifiers, versions and segments are text, whatever they look like."""
        spec = self.spec
        if column in {spec.id, spec.version, *spec.segments}:
            return "text"
        if column in {spec.score.column if spec.score else None, spec.latency, spec.cost}:
            return "numeric"
        return self.features.get(column)

    def knows(self, column: str) -> bool:
        """Whether anything in the inventory names the column."""
        return column in self.columns or column in self.features
