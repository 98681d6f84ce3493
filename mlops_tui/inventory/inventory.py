"""The opened inventory: its values, and the questions that every room asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from mlops_tui.core.errors import UnknownName, did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.files import Node, Reader
from mlops_tui.files.disk import read_text
from mlops_tui.inventory.types import Feature, InventoryFile, LogSpec, Member, Model, Source

FILE = "inventory.yaml"
ON_CALL = "on_call"
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Inventory:
    """`inventory.yaml` as read: its values, the reader that knows where each stands, and its very text.

    `zone` is the project's: of times without an offset, and shown beside UTC.
    """

    root: Path
    file: InventoryFile
    reader: Reader = field(repr=False, compare=False)
    text: str = field(repr=False)
    zone: ZoneInfo

    @property
    def models(self) -> Mapping[str, Model]:
        """Every model by its name, in the order written."""
        return self.file.models

    def model(self, name: str) -> Model:
        """The model of this name. Raises UnknownName with the nearest ones."""
        if name not in self.file.models:
            raise UnknownName("model", name, self.file.models)
        return self.file.models[name]

    def person(self, login: str) -> Member | None:
        """The member with this login; None where nobody has it."""
        members = (m for team in self.file.teams.values() for m in team.members)
        return next((m for m in members if m.login == login), None)

    def teams_for(self, to: str, model: str) -> tuple[str, ...]:
        """The teams that a word means for a model: `on_call`, `owner`, or a team by its name.

        Raises UnknownName for anything else.
        """
        spec = self.model(model)
        if to == ON_CALL:
            return tuple(dict.fromkeys(spec.on_call))
        if to == OWNER:
            return (spec.owner.team,)
        if to in self.file.teams:
            return (to,)
        raise UnknownName("team", to, [ON_CALL, OWNER, *self.file.teams])

    def features_of(self, model: str) -> dict[str, Feature]:
        """The declared features that a model reads, in its order; names that nobody declared are left to `lint`."""
        return {name: self.file.features[name] for name in self.model(model).features if name in self.file.features}

    def sources_of(self, model: str) -> dict[str, Source]:
        """The declared sources that a model stands on: its inputs, then those of its features."""
        behind = (f.source for f in self.features_of(model).values() if f.source)
        names = dict.fromkeys((*self.model(model).inputs, *behind))
        return {name: self.file.sources[name] for name in names if name in self.file.sources}


def load(root: Path) -> Inventory:
    """The inventory of a project's folder. Raises InvalidFiles with every problem of form, unknown zones among them."""
    return parse(read_text(root / FILE, source=FILE), root)


def parse(text: str, root: Path) -> Inventory:
    """The inventory from its text, such as one that a run has frozen. Raises InvalidFiles as `load` does."""
    reader = Reader(text, source=FILE)
    node = reader.value(reader.root, "timezone")
    known = _zone(reader, node) if node is not None else None
    reader.zone = known
    file = reader.convert(reader.root, InventoryFile)
    if file is not None:
        _log_zones(reader, file)
    reader.finish()
    assert file is not None
    return Inventory(root, file, reader, text, known or ZoneInfo("UTC"))


def _zone(reader: Reader, node: Node) -> ZoneInfo | None:
    """The zone that a node names; None where it is no text or no zone, which is recorded."""
    name = node.value
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Europe
        hint = did_you_mean(name, available_timezones()) or "write it like Europe/Madrid"
        reader.add(node, f"unknown timezone {one_line(name, most=60)!r}", hint)
        return None


def _log_zones(reader: Reader, file: InventoryFile) -> None:
    logs: list[tuple[tuple[str, ...], LogSpec]] = [(("sources", n, "log"), s.log) for n, s in file.sources.items()]
    logs += [(("models", n, "log"), m.log) for n, m in file.models.items()]
    logs += [(("models", n, "labels", "log"), m.labels.log) for n, m in file.models.items() if m.labels and m.labels.log]
    for path, log in logs:
        node = reader.value(reader.root, *path, "timezone") if log.timezone is not None else None
        if node is not None:
            _zone(reader, node)
