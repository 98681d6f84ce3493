"""What lint writes into: problems with their places, and the small questions that many rules ask."""

from __future__ import annotations

import re
from collections.abc import Collection

from mlops_tui.core.errors import Problem, did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.inventory.inventory import Inventory
from mlops_tui.inventory.types import ENGINES, Bounds, InventoryFile, LogSpec, Owner
from mlops_tui.sql.names import RELATIONS

_RELATION = re.compile(r"[a-z][a-z0-9_]*\Z")


class Book:
    """The problems of one inventory. A path is that of the value in the file, such as `("models", "m", "owner")`."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.file: InventoryFile = inventory.file
        self._found: set[Problem] = set()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._found))

    def line(self, *path: str | int) -> int:
        """The line on which a value stands."""
        return self.inventory.reader.position(*path)[0]

    def add(self, message: str, hint: str, *path: str | int) -> None:
        """Record a problem at a value, or at the nearest thing above it that is there."""
        line, column = self.inventory.reader.position(*path)
        self._found.add(Problem(self.inventory.reader.source, line, column, message, hint))

    def add_at_key(self, message: str, hint: str, *path: str | int) -> None:
        """Record a problem at the key of a value."""
        line, column = self.inventory.reader.key_position(*path)
        self._found.add(Problem(self.inventory.reader.source, line, column, message, hint))

    def known(self, kind: str, name: str | None, pool: Collection[str], *path: str | int) -> bool:
        """Whether a name, where there is one, is one of those declared."""
        if name is None or name in pool:
            return True
        self.add(f"unknown {kind} {one_line(name, most=80)!r}", did_you_mean(name, pool), *path)
        return False

    def unique(self, kind: str, name: str, seen: dict[str, int], *path: str | int) -> None:
        """Record a name that stood before in a list of named things."""
        if name in seen:
            self.add(f"the {kind} {one_line(name, most=80)!r} is there twice", f"first on line {seen[name]}", *path)
        else:
            seen[name] = self.line(*path)

    def exists(self, name: str | None, *path: str | int) -> None:
        """Record a file, relative to the project, that is not there."""
        if name is None:
            return
        try:
            there = (self.inventory.root / name).is_file()
        except (OSError, ValueError):  # a name that no file can have
            there = False
        if not there:
            self.add(f"there is no file {one_line(name, most=120)!r}", "", *path)

    def owner(self, owner: Owner, *path: str | int) -> None:
        """The owner's team exists, and the person is one of it."""
        if self.known("team", owner.team, self.file.teams, *path, "owner", "team"):
            names = [m.name for m in self.file.teams[owner.team].members]
            kind = f"member of {owner.team}"
            self.known(kind, owner.name, names, *path, "owner", "name")

    def relation(self, name: str, *path: str | int) -> None:
        """A source's name is that of a relation in SQL."""
        if not _RELATION.match(name):
            self.add_at_key(f"{one_line(name, most=80)!r} cannot be named in SQL", "use a-z, 0-9 and _, a letter first", *path)
        elif name in RELATIONS:
            self.add_at_key(f"{name!r} is a relation that is always there", "choose another name", *path)

    def log(self, log: LogSpec, *path: str | int, cuts: Collection[str] = ()) -> None:
        """A log has one place, and groups by nothing that must not leave; it is cut by its segments and by `cuts`."""
        if log.path is None and (log.engine is None or log.table is None):
            self.add("the log has no place", "write path:, or engine: and table:", *path)
        elif log.path is not None and log.table is not None:
            self.add("the log has two places", "write path:, or engine: and table:", *path)
        elif log.path is not None and log.engine is not None:
            self.known("engine", log.engine, ENGINES, *path, "engine")
        for i, column in enumerate(log.segments):
            if column in log.sensitive:
                self.add(f"the segment {column!r} is sensitive", "a segment is shown everywhere", *path, "segments", i)
        for i, (one, other) in enumerate(log.pairs):
            for j, name in enumerate((one, other)):
                self.known("segment", name, [*log.segments, *cuts], *path, "pairs", i, j)
            if one == other:
                self.add(f"{one!r} is paired with itself", "write two segments", *path, "pairs", i)

    def bounds(self, bounds: Bounds | None, *path: str | int) -> None:
        """A threshold has a bound, its two sides do not meet, and it warns before it fires."""
        if bounds is None:
            return
        below, above, low, high = bounds.below, bounds.above, bounds.warn_below, bounds.warn_above
        if bounds.learned is not None:
            hint = "the answer is unknown until they are: write a bound"
            self.add("`learned` bounds are not measured yet", hint, *path, "learned")
        if not any((below, above, low, high, bounds.learned)):
            self.add("a threshold without a bound", "write below:, above:, warn_below:, warn_above: or learned:", *path)
        if below is not None and above is not None and below.value >= above.value:
            self.add("every value is below or above", f"below {below} is not less than above {above}", *path)
        if low is not None and below is not None and low.value < below.value:
            self.add("it fires before it warns", f"warn_below {low} is less than below {below}", *path, "warn_below")
        if high is not None and above is not None and high.value > above.value:
            self.add("it fires before it warns", f"warn_above {high} is more than above {above}", *path, "warn_above")
