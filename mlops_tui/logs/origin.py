"""Where a log's rows come from and how its columns are to be read: enough to open it, or some of its files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import LogError
from mlops_tui.inventory.types import LogSpec
from mlops_tui.logs.declared import FeatureType
from mlops_tui.logs.log import NO_COLUMNS, Known, Log, nothing_known
from mlops_tui.logs.manifest import NO_VARIABLES, Manifest, find


@dataclass(frozen=True, slots=True)
class Origin:
    """What `Log.open` takes. `only` holds the log to some files, by what is shown of them."""

    spec: LogSpec
    root: Path
    zone: ZoneInfo
    name: str = "log"
    required: tuple[str, ...] = ()
    features: Mapping[str, FeatureType] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: NO_VARIABLES)
    only: Collection[str] | None = None

    def manifest(self) -> Manifest:
        """The files as they are now, judged by a glance. Raises LogError for a log that has no files to be read."""
        if self.spec.path is None:
            raise LogError("this log names an engine, and engines are not read yet", where=self.name, hint="give it a path")
        return find(self.spec.path, self.root, self.environ, only=self.only)

    def open(
        self,
        *,
        known: Known = nothing_known,
        only: Collection[str] | None = None,
        also: Mapping[str, str] = NO_COLUMNS,
        features: Mapping[str, FeatureType] | None = None,
        manifest: Manifest | None = None,
    ) -> Log:
        """The log, or `only` some of its files; `also` are columns of its other files. `features` replace the declared types.
        With a `manifest` no files are looked for. Raises LogError."""
        return Log.open(
            self.spec,
            root=self.root,
            zone=self.zone,
            name=self.name,
            required=self.required,
            features=self.features if features is None else features,
            environ=self.environ,
            only=self.only if only is None else only,
            known=known,
            also=also,
            manifest=manifest,
        )
