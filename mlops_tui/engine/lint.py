"""What is wrong with a runbook, as far as the files alone can tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlops_tui.core.errors import Problem, did_you_mean
from mlops_tui.core.finding import ROW_TYPES
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.kinds.base import Names, Result
from mlops_tui.engine.names import BUILT_IN, TEXT_ONLY, malformed, references
from mlops_tui.engine.runbook import Runbook, Step
from mlops_tui.sql.names import RELATIONS, is_name, parameters

if TYPE_CHECKING:
    from mlops_tui.inventory import Inventory

NOT_YET = ("for_each", "parallel", "effect", "idempotency_key", "run.verify", "check.metric")
"""Keys that are read and that no run performs yet: naming one is an error, never silently ignored."""

_COMMENT = re.compile(r"(^|\s)(--|#)")


def lint_runbook(
    runbook: Runbook, inventory: Inventory, *, checks: Iterable[str], charts: Iterable[str]
) -> tuple[Problem, ...]:
    """Every problem of a runbook, sorted by place: kinds, names, references, inputs, ids."""
    found = list(_head(runbook, inventory))
    results: dict[str, Result] = {}
    for step in runbook.steps:
        names = _names(runbook, step, inventory, results, frozenset(checks), frozenset(charts))
        found += _step(runbook, step, names)
        if step.kind in kinds():
            results[step.id] = kinds()[step.kind].result
        else:
            results[step.id] = "findings"
    found += _unreached(runbook)
    found += _unused_inputs(runbook)
    return tuple(sorted(set(found)))


def lint_form(runbook: Runbook) -> tuple[Problem, ...]:
    """What is wrong with a runbook whatever the inventory says: ids, kinds, keys, steps that are never reached."""
    found: list[Problem] = []
    earlier: dict[str, Result] = {}
    for step in runbook.steps:
        found += _form(runbook, step, earlier, ())
        earlier[step.id] = "findings"
    found += _unreached(runbook)
    found += _unused_inputs(runbook)
    return tuple(sorted(set(found)))


def models_for(runbook: Runbook, inventory: Inventory) -> list[str]:
    """The models that a runbook applies to: those it names, else those that have one of its alerts, else all."""
    wanted = runbook.applies_to
    if wanted.models:
        return [m for m in wanted.models if m in inventory.models]
    if wanted.alerts:
        return [name for name, m in inventory.models.items() if {a.id for a in m.watched_by} & set(wanted.alerts)]
    return list(inventory.models)


def _names(
    runbook: Runbook,
    step: Step,
    inventory: Inventory,
    results: Mapping[str, Result],
    checks: frozenset[str],
    charts: frozenset[str],
) -> Names:
    models = models_for(runbook, inventory)
    specs = {m: inventory.models[m] for m in models}
    return Names(
        step=step,
        runbook=runbook,
        results=dict(results),
        checks=checks,
        charts=charts,
        alerts={a.id: name for name, m in specs.items() for a in m.watched_by},
        teams=frozenset(inventory.file.teams),
        sources=frozenset(inventory.file.sources),
        features=frozenset(f for m in specs for f in inventory.features_of(m)),
        segments=frozenset(s for m in specs.values() for s in (*m.log.segments, *m.protected)),
    )


def _problem(runbook: Runbook, step: Step, key: str, message: str, hint: str = "") -> Problem:
    line, column = step.at(key) if key in step.lines else step.at(key.split(".")[0])
    return Problem(runbook.source, line, column, f"step {step.id}: {message}", hint)


def _head(runbook: Runbook, inventory: Inventory) -> Iterator[Problem]:
    for model in runbook.applies_to.models:
        if model not in inventory.models:
            yield Problem(
                runbook.source,
                1,
                1,
                f"applies_to names the model {model!r}, which the inventory has not",
                did_you_mean(model, inventory.models),
            )
    known = {a.id for m in inventory.models.values() for a in m.watched_by}
    for alert in runbook.applies_to.alerts:
        if alert not in known:
            yield Problem(
                runbook.source, 1, 1, f"applies_to names the alert {alert!r}, which no model has", did_you_mean(alert, known)
            )
    segments = {
        s for m in models_for(runbook, inventory) for s in (*inventory.models[m].log.segments, *inventory.models[m].protected)
    }
    for name, spec in runbook.inputs.items():
        reason = is_name(name) or ("is always there" if name in (*BUILT_IN, *RELATIONS, *TEXT_ONLY) else None)
        if reason:
            yield Problem(runbook.source, 1, 1, f"input {name!r}: {reason}")
        if spec.type == "segment" and segments and (spec.of or name) not in segments:
            yield Problem(
                runbook.source,
                1,
                1,
                f"input {name!r} is of the unknown segment {spec.of or name!r}",
                did_you_mean(spec.of or name, segments),
            )
        if spec.type == "choice" and not spec.choices:
            yield Problem(runbook.source, 1, 1, f"input {name!r} is a choice without choices")


def _form(runbook: Runbook, step: Step, earlier: Collection[str], sources: Collection[str]) -> Iterator[Problem]:
    """The step's id, its kind, and keys that no run performs."""
    reason = is_name(step.id)
    taken = (*BUILT_IN, *RELATIONS, *TEXT_ONLY, *runbook.inputs, *sources)
    if reason:
        yield _problem(runbook, step, "id", f"the id cannot be read in SQL: {reason}")
    elif step.id in taken:
        yield _problem(
            runbook, step, "id", f"the id {step.id!r} is already the name of a value or relation", "choose another id"
        )
    elif step.id in earlier:
        yield _problem(runbook, step, "id", f"two steps have the id {step.id!r}")
    for key in NOT_YET:
        if key in step.lines:
            yield _problem(runbook, step, key, f"{key}: is not performed yet by this version")
    if step.kind not in kinds():
        yield _problem(runbook, step, step.kind, f"no step kind {step.kind!r}", did_you_mean(step.kind, kinds()))


def _step(runbook: Runbook, step: Step, names: Names) -> Iterator[Problem]:
    yield from _form(runbook, step, names.results, names.sources)
    kind = kinds().get(step.kind)
    if kind is None:
        return
    for note in kind.lint(step, names):
        yield _problem(runbook, step, note.key, note.message, note.hint)
    for key, text in kind.texts(step):
        yield from _text(runbook, step, key, text, names)
    queries = list(kind.sql(step))
    if step.common.when is not None:
        queries.append(("when", step.common.when, True))
    for key, sql, _ in queries:
        yield from _sql(runbook, step, key, sql, names)


def _text(runbook: Runbook, step: Step, key: str, text: str, names: Names) -> Iterator[Problem]:
    if "${secret:" in text:
        yield _problem(runbook, step, key, "${secret:...} is not filled in yet by this version")
    bad = malformed(text)
    if bad:
        yield _problem(runbook, step, key, f"{bad} is no reference", "write ${name} or ${name.field}")
    for name, part in references(text):
        if name == "incident":
            if part not in ("id", "runner", "severity"):
                yield _problem(runbook, step, key, f"${{incident.{part or ''}}} is not known", "id, runner or severity")
            continue
        yield from _reference(runbook, step, key, name, part, names)


def _sql(runbook: Runbook, step: Step, key: str, sql: str, names: Names) -> Iterator[Problem]:
    if "\n" not in sql.strip() and _COMMENT.search(_without_strings(sql)):
        yield _problem(runbook, step, key, "a comment in one-line SQL swallows the rest of it", "put the SQL in a | block")
    for name in sorted(parameters(sql)):
        if name in TEXT_ONLY:
            yield _problem(runbook, step, key, f"${name} can stand in text only", "use ${incident.id} in a note or a message")
            continue
        fields = re.findall(rf"\${name}\.([a-z][a-z0-9_]*)", sql)
        for part in fields or [None]:
            yield from _reference(runbook, step, key, name, part, names)


def _reference(runbook: Runbook, step: Step, key: str, name: str, part: str | None, names: Names) -> Iterator[Problem]:
    known = [*BUILT_IN, *runbook.inputs, *names.results]
    if name not in known:
        later = next((s for s in runbook.steps if s.id == name), None)
        if later is not None:
            yield _problem(
                runbook,
                step,
                key,
                f"${name} is step {name}, which comes {'later' if later is not step else 'only now'}",
                "steps run in the order written",
            )
        else:
            yield _problem(runbook, step, key, f"nothing is named ${name}", did_you_mean(name, known))
        return
    if part is None:
        return
    if names.results.get(name) != "findings":
        yield _problem(runbook, step, key, f"${name} is a single value and has no field {part!r}")
    elif part not in ROW_TYPES and part not in names.segments:
        yield _problem(runbook, step, key, f"${name} has no field {part!r}", did_you_mean(part, [*ROW_TYPES, *names.segments]))


def _unreached(runbook: Runbook) -> Iterator[Problem]:
    for at, step in enumerate(runbook.steps[:-1]):
        if step.kind == "end" and step.common.when is None:
            after = runbook.steps[at + 1]
            yield _problem(runbook, after, "id", f"is never reached: step {step.id} always ends the run before it")
            return


def _unused_inputs(runbook: Runbook) -> Iterator[Problem]:
    for name in runbook.inputs:
        if not re.search(rf"\${{?{name}\b", runbook.text):
            yield Problem(runbook.source, 1, 1, f"input {name!r} is never used")


def _without_strings(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", sql)
