"""Runbook files as typed values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from mlops_tui.core.canonical import digest
from mlops_tui.core.errors import InvalidFiles, Problem, did_you_mean
from mlops_tui.files import Node, Reader
from mlops_tui.files.disk import read_text, shown_path

InputType = Literal["segment", "text", "number", "integer", "boolean", "time", "duration", "choice"]
Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
EffectName = Literal["read", "write", "irreversible"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the file: no unknown keys, immutable."""


class AppliesTo(_Part, kw_only=True, frozen=True):
    """The alerts and models that a runbook is for; an empty list means any."""

    alerts: list[str] = []
    models: list[str] = []


class InputSpec(_Part, kw_only=True, frozen=True):
    """A typed input of a run, given by `--set name=value`."""

    type: InputType
    of: str | None = None
    choices: list[str] = []
    optional: bool = False
    default: str | None = None
    help: str = ""


class Retry(_Part, kw_only=True, frozen=True):
    """How often a failed step is tried again, and how long it waits before."""

    times: int = 1
    wait: timedelta = timedelta(seconds=1)


class ForEach(_Part, kw_only=True, frozen=True):
    """Repeats a step for each value of a one-column query."""

    query: str
    at_most: int = 10


class Common(_Part, kw_only=True, frozen=True):
    """The keys that every step may have beside its kind."""

    id: str
    title: str = ""
    why: str = ""
    when: str | None = None
    timeout: timedelta | None = None
    retry: Retry | None = None
    continue_on_error: bool = False
    effect: EffectName | None = None
    for_each: ForEach | None = None
    parallel: bool = False
    idempotency_key: str | None = None


class RunbookHead(_Part, kw_only=True, frozen=True):
    """The top of a runbook file: everything but its steps."""

    runbook: str
    title: str
    description: str = ""
    severity: Severity = "SEV3"
    applies_to: AppliesTo = AppliesTo()
    inputs: dict[str, InputSpec] = {}


_BLOCK = re.compile(r":\s*\|[-+\d]*\s*(#.*)?\Z")
"""The end of a line under which a block keeps its lines."""

COMMON_KEYS = tuple(f.encode_name for f in msgspec.structs.fields(Common))


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its common keys, its kind, and the kind's own parameters (None where nobody knows the kind)."""

    common: Common
    kind: str
    params: Any
    line: int
    column: int
    lines: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The step's id."""
        return self.common.id

    @property
    def title(self) -> str:
        """The title, or what the id says."""
        return self.common.title or self.id.replace("_", " ").capitalize()

    @property
    def continue_on_error(self) -> bool:
        """Whether the run goes on when this step fails."""
        return self.common.continue_on_error

    def at(self, key: str) -> tuple[int, int]:
        """Line and column of one of the step's keys."""
        return self.lines.get(key, (self.line, self.column))


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook as it was read. `text` is the file's, so that a run can freeze it; `source` its name as shown."""

    name: str
    title: str
    description: str
    severity: Severity
    applies_to: AppliesTo
    inputs: Mapping[str, InputSpec]
    steps: tuple[Step, ...]
    source: str
    text: str

    @property
    def sha256(self) -> str:
        """The hash of the file's text."""
        return digest(self.text.encode())

    def sql_line(self, step: Step, key: str, line: int) -> int:
        """The file's line of a line (from 1; 0 is unknown) of the SQL that a step's key holds."""
        own = next((k for k in step.lines if k.startswith(f"{key}.that")), key)
        at = step.at(own)[0]
        below = _BLOCK.search(self.text.splitlines()[at - 1]) is not None
        return at + line if below and line else at

    def step(self, step: str) -> Step:
        """The step of that id."""
        return next(s for s in self.steps if s.id == step)


def load_runbook(path: Path, *, root: Path, kinds: Mapping[str, Any]) -> Runbook:
    """A runbook from its file. `kinds` maps a kind's name to its type of params. Raises InvalidFiles with every problem."""
    source = shown_path(path, root)
    runbook = parse_runbook(read_text(path, source=source), source=source, kinds=kinds)
    if runbook.name != path.stem:
        message = f"runbook: {runbook.name!r} is not the file's stem"
        raise InvalidFiles([Problem(source, 1, 1, message, f"write runbook: {path.stem}")])
    return runbook


def parse_runbook(text: str, *, source: str, kinds: Mapping[str, Any]) -> Runbook:
    """A runbook from its text. Raises InvalidFiles with every problem."""
    reader = Reader(text, source=source)
    if reader.root is None:
        reader.finish()
    root = reader.root
    assert root is not None
    head: RunbookHead | None = reader.convert(_without(root, {"steps"}), RunbookHead)
    steps = [step for node in _step_nodes(reader, root) if (step := _step(reader, node, kinds)) is not None]
    reader.finish()
    assert head is not None
    return Runbook(
        head.runbook, head.title, head.description, head.severity, head.applies_to, head.inputs, tuple(steps), source, text
    )


def _without(node: Node, keys: Collection[str]) -> Node:
    """A mapping without some of its keys, at the same place of the file."""
    if not isinstance(node, yaml.MappingNode):
        return node
    rest = [(k, v) for k, v in node.value if k.value not in keys]
    return yaml.MappingNode(node.tag, rest, node.start_mark, node.end_mark)


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _step_nodes(reader: Reader, root: Node) -> list[Node]:
    found = reader.value(root, "steps")
    if found is None:
        if isinstance(root, yaml.MappingNode):
            reader.add(root, "missing key 'steps'", "a runbook is a list of steps, each with an id and one kind")
        return []
    if not isinstance(found, yaml.SequenceNode) or not found.value:
        reader.add(found, "steps: a list of at least one step is needed", "each step begins with - id: NAME")
        return []
    return list(found.value)


def _step(reader: Reader, node: Node, kinds: Mapping[str, Any]) -> Step | None:
    if not isinstance(node, yaml.MappingNode):
        reader.add(node, "a step is a mapping with an id and exactly one kind")
        return None
    entries = reader.entries(node)
    own = [entry for entry in entries if entry[0] not in COMMON_KEYS]
    chosen = next((e for e in own if e[0] in kinds), own[0] if len(own) == 1 else None)
    common: Common | None = reader.convert(_without(node, {key for key, _, _ in own}), Common)
    if chosen is None:
        _no_kind(reader, node, own, kinds)
        return None
    kind, _, value = chosen
    for key, key_node, _ in own:
        if key == kind:
            continue
        if key in kinds:
            reader.add(key_node, f"a step has exactly one kind, and this one has {kind!r} and {key!r}", "make two steps of it")
        else:
            reader.add(key_node, f"unknown key {key!r}", did_you_mean(key, COMMON_KEYS))
    params = reader.convert(value, kinds[kind]) if kind in kinds else None
    if common is None:
        return None
    lines = {key: _mark(key_node) for key, key_node, _ in entries}
    if isinstance(value, yaml.MappingNode):
        lines |= {f"{kind}.{k.value}": _mark(k) for k, _ in value.value if isinstance(k, yaml.ScalarNode)}
    return Step(common, kind, params, *_mark(node), lines)


def _no_kind(reader: Reader, node: Node, own: Sequence[tuple[str, Node, Node]], kinds: Mapping[str, Any]) -> None:
    if not own:
        reader.add(node, "the step has no kind", "one of " + ", ".join(sorted(kinds)))
    for key, key_node, _ in own:
        reader.add(key_node, f"unknown key {key!r}", did_you_mean(key, [*COMMON_KEYS, *kinds]))
