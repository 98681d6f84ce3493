"""What is summarised of a project's logs, and where the summaries lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mlops_tui.core.errors import UnknownName

if TYPE_CHECKING:
    from mlops_tui.logs.wanted import Wanted
    from mlops_tui.project.project import Project


def of_model(project: Project, name: str) -> Wanted:
    """The summaries of a model's decisions. Raises UnknownName."""
    from mlops_tui.logs.origin import Origin
    from mlops_tui.logs.plan import watched
    from mlops_tui.logs.wanted import Wanted

    spec = project.inventory.model(name)
    features = {n: f.type for n, f in project.inventory.features_of(name).items()}
    origin = Origin(
        spec.log,
        project.root,
        project.zone,
        required=(spec.decision.column,),
        features=features,
        environ=project.environ,
        only=project.held.get(("model", name)),
    )
    return Wanted(origin, watched(spec, features), project.zone.key, _folder(project, "models", name))


def of_source(project: Project, name: str) -> Wanted:
    """The summaries of a source's log: its rows by segment. Raises UnknownName."""
    from mlops_tui.logs.origin import Origin
    from mlops_tui.logs.plan import Watched
    from mlops_tui.logs.wanted import Wanted

    sources = project.inventory.file.sources
    if name not in sources:
        raise UnknownName("source", name, sources)
    only = project.held.get(("source", name))
    origin = Origin(sources[name].log, project.root, project.zone, name, environ=project.environ, only=only)
    return Wanted(origin, Watched(), project.zone.key, _folder(project, "sources", name))


def _folder(project: Project, kind: str, name: str) -> Path:
    """Where they lie: what may be deleted at any time, and is made again."""
    return project.cache / "summaries" / kind / quote(name, safe=" ")
