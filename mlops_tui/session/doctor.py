"""`runbook doctor`: can everything work here? One line a question, and the fix where the answer is no."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.errors import ChannelError, InvalidFiles, LogError, Problem, RunbookError, UsageError, did_you_mean
from mlops_tui.core.settings import Clock
from mlops_tui.core.window import both_zones, format_duration
from mlops_tui.incidents.vocabulary import PREFIX

if TYPE_CHECKING:
    from mlops_tui.channels.slack import SlackSender
    from mlops_tui.logs.log import Log
    from mlops_tui.project import Project

Verdict = Literal["OK", "WARN", "FAIL"]

LEAST_FREE = 200 * 2**20
"""Bytes below which the disk is called nearly full: a run keeps charts, tables and a draft."""
_SHARE = "its owner may share it: chgrp -R GROUP .runbook; chmod -R g+rwX .runbook; chmod 2770 .runbook"
SCOPES: Mapping[str, str] = {
    "chat:write": "nothing is sent",
    "files:write": "charts and drafts are not sent",
    "channels:history": "a message may be doubled after a lost answer",
}
"""Slack's scopes that we use, and what becomes of it without one."""
LEAST_SIZE, GOOD_SIZE = (60, 16), (80, 24)
"""Columns and rows: what the app needs, and what it is made for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: `id` names the question, `text` says how it is, `fix` what to do where it is not well."""

    id: str
    verdict: Verdict
    text: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """One of `checks`."""
        return {"id": self.id, "status": self.verdict, "text": self.text, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Every line, in the order of the chain: project, logs, journal, messages, terminal."""

    lines: tuple[Line, ...]

    @property
    def failed(self) -> bool:
        """Whether something cannot work as it is."""
        return any(line.verdict == "FAIL" for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """`runbook/doctor/1`."""
        return {"schema": "runbook/doctor/1", "failed": self.failed, "checks": [line.as_json() for line in self.lines]}


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the front end knows of its terminal. `clipboard` is tmux's `set-clipboard`; None outside tmux, "" unknown."""

    tty: bool
    colour: bool
    encoding: str
    columns: int
    rows: int
    term: str
    clipboard: str | None = None


def doctor(
    start: Path, terminal: Terminal, *, clock: Clock | None = None, environ: Mapping[str, str], deep: bool = False
) -> DoctorReport:
    """Looks at everything that a run needs; changes nothing, makes nothing, and ends with a line for each question.

    `deep` reads every page of every Parquet file as well, and holds it against the checksum that it may carry.
    """
    from mlops_tui.project import open_project

    now = clock or (lambda: datetime.now(UTC))
    project: Project | None = None
    lines: list[Line] = []
    try:
        project = open_project(start, clock=now, environ=environ)
    except InvalidFiles as error:
        lines.append(Line("project", "FAIL", f"inventory.yaml has {problems(error.problems)}", "runbook lint names them all"))
    except UsageError as error:
        lines.append(Line("project", "FAIL", error.message, error.hint))
    if project is not None:
        lines += [*_project(project), *_logs(project, deep), *_state(project)]
    lines += [*_slack(project, environ), *_terminal(terminal)]
    return DoctorReport(tuple(lines))


def problems(found: Sequence[Problem]) -> str:
    """How many there are, and the first of them."""
    return f"1 problem: {found[0]}" if len(found) == 1 else f"{len(found):,} problems, first {found[0]}"


def _project(project: Project) -> Iterator[Line]:
    from mlops_tui.session.lint import lint

    models = len(project.inventory.models)
    yield Line("project", "OK", f"{project.root}: {models} model{'s' * (models != 1)}, times beside UTC in {project.zone.key}")
    found = lint(project.root).problems
    if found:
        yield Line("files", "WARN", problems(found), "runbook lint names them all")
    else:
        yield Line("files", "OK", f"inventory and {len(project.runbooks)} runbooks without a problem")
    if project.actor.name:
        yield Line("you", "OK", f"{project.actor.login} is {project.actor.name}")
    else:
        fix = f"add login: {project.actor.login} to your team's members in inventory.yaml"
        yield Line("you", "WARN", f"{project.actor.login} is no member of a team: cannot approve", fix)


def _logs(project: Project, deep: bool) -> Iterator[Line]:
    opens: dict[str, Callable[[], Log]] = {}
    lengths: dict[str, timedelta] = {}
    for name, spec in project.inventory.models.items():
        opens[f"log {name}"] = lambda name=name: project.log(name)  # type: ignore[misc]
        lengths[f"log {name}"] = spec.windows.current
    for name in project.inventory.file.sources:
        opens[f"source {name}"] = lambda name=name: project.source(name)  # type: ignore[misc]
    longest = max(lengths.values(), default=timedelta(days=1))
    for label, opened in opens.items():
        try:
            log = opened()
            newest, later = log.newest(project.clock()), log.after(project.clock())
        except LogError as error:
            yield Line(label, "FAIL", str(error), "look at its path in inventory.yaml, and at who may read the files")
            continue
        yield _readable(label, log)
        if deep:
            yield _pages(label.replace("log ", "pages ").replace("source ", "pages "), log)
        yield _clock(project, label, newest, later, lengths.get(label, longest))


def _readable(label: str, log: Log) -> Line:
    good, bad = len(log.manifest.files), log.unreadable
    if bad:
        first = f"{bad[0].shown}: {bad[0].problem}"
        return Line(
            label, "WARN", f"{len(bad)} of {good + len(bad)} files cannot be read: {first}", "write them again, or move them"
        )
    return Line(label, "OK", f"{good:,} file{'s' * (good != 1)} can be read")


def _pages(label: str, log: Log) -> Line:
    """Every page against its checksum, where it has one."""
    from mlops_tui.logs.deep import deep

    found = deep(log.manifest.files)
    if found.damaged:
        shown, problem = found.damaged[0]
        text = f"{len(found.damaged)} of {found.files:,} files damaged: {shown}: {problem}"
        return Line(label, "FAIL", text, "write them again: what is read from them may be wrong")
    if found.silent:
        text = f"{found.files:,} files read to the end; {found.silent:,} carry no checksums, a flipped bit there is not seen"
        return Line(label, "WARN", text, "let the writer keep page checksums (pyarrow: write_page_checksum=True)")
    return Line(label, "OK", f"{found.files:,} files read to the end, every checksum right")


def _clock(project: Project, label: str, newest: datetime | None, later: int, length: timedelta) -> Line:
    """The newest row against this machine's clock: neither ahead of it, nor so far behind that the window is empty."""
    name = label.replace("log ", "clock ").replace("source ", "clock ")
    if later:
        rows = f"{later:,} row{'s' * (later != 1)}"
        fix = "is this machine's clock right, and the log's timezone in inventory.yaml?"
        return Line(name, "WARN", f"{rows} later than the clock ({both_zones(project.clock(), project.zone)})", fix)
    if newest is None:
        return Line(name, "WARN", "no row has a time", "look at the time column in inventory.yaml")
    age = project.clock() - newest
    text = f"newest row {both_zones(newest, project.zone)}, {format_duration(age)} old"
    if age > length:
        return Line(name, "WARN", text, f"do rows still arrive? To look back: --at {newest:%Y-%m-%dT%H:%M}Z")
    return Line(name, "OK", text)


def _state(project: Project) -> Iterator[Line]:
    """`.runbook`: can a run record what it does, and can nobody else read it?"""
    from mlops_tui.journal.store import refuse_network

    home = project.root / ".runbook"
    try:
        refuse_network(home if home.exists() else project.root)
    except RunbookError as error:
        yield Line("journal", "FAIL", error.message, error.hint)
        return
    if not home.exists():
        able = os.access(project.root, os.W_OK | os.X_OK)
        text = "nothing ran here yet; " + ("the folder can be written" if able else "the folder cannot be written")
        yield Line(
            "journal", "OK" if able else "FAIL", text, "" if able else f"chown or copy {project.root}: a run must record"
        )
    else:
        yield _home(home)
        yield _journal(project)
    free = shutil.disk_usage(project.root).free
    room = f"{free / 2**30:,.1f} GiB free"
    yield Line("disk", "OK", room) if free >= LEAST_FREE else Line("disk", "WARN", room, "make room: a full disk stops a run")


def _home(home: Path) -> Line:
    """Modes 0700 or 2770 and nothing for others."""
    about = home.stat()
    mode = stat.S_IMODE(about.st_mode)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Line(".runbook", "FAIL", f"you may not write it (mode {mode:04o})", _SHARE)
    if mode & 0o007:
        return Line(".runbook", "WARN", f"others may look into it (mode {mode:04o})", f"chmod o= {home}")
    shared = bool(mode & 0o070)
    if shared and not mode & stat.S_ISGID:
        return Line(".runbook", "WARN", f"new files will not be the group's (mode {mode:04o})", f"chmod 2770 {home}")
    return Line(".runbook", "OK", f"{'yours and your group' if shared else 'yours alone'} (mode {mode:04o})")


def _journal(project: Project) -> Line:
    if not os.access(project.state.parent, os.X_OK):
        return Line("journal", "FAIL", "it cannot be looked at", "see the line above")
    try:
        if not project.has_journal:
            return Line("journal", "OK", "nothing ran here yet")
        with project.journal(create=False) as journal:
            count = len(journal.streams(PREFIX))
    except RunbookError as error:
        return Line("journal", "FAIL", error.message, error.hint)
    writable = os.access(project.state / "journal.sqlite", os.W_OK)
    text = f"{count} incident{'s' * (count != 1)}"
    if writable:
        return Line("journal", "OK", text)
    return Line("journal", "FAIL", f"{text}; you may read it and not write it", "ask its owner for mode 0660 and your group")


def _slack(project: Project | None, environ: Mapping[str, str]) -> Iterator[Line]:
    """Is there a token, does Slack take it, and are the teams' channels there?"""
    from mlops_tui.session.messages import BASE_URL, TOKEN

    teams = {n: t.slack for n, t in project.inventory.file.teams.items()} if project is not None else {}
    mute = [name for name, channel in teams.items() if not channel]
    if mute:
        yield Line("channels", "WARN", f"no channel for {', '.join(mute)}", "add slack: to the team in inventory.yaml")
    token = environ.get(TOKEN)
    if not token:
        yield Line("slack", "WARN", "no token: messages wait in the outbox", f"export {TOKEN}=xoxb-...")
        return
    from mlops_tui.channels.slack import SlackSender

    sender = SlackSender(token, base_url=environ.get(BASE_URL))
    try:
        bot = sender.who()
    except ChannelError as error:
        text = f"the token was not accepted: {error.message}" if error.permanent else error.message
        yield Line("slack", "FAIL", text, error.hint or "try again, or look at the network")
        return
    yield Line("slack", "OK", f"the token is {bot.user}'s in {bot.workspace}")
    if bot.scopes is not None:
        yield _scopes(bot.scopes)
    yield _channels(sender, {n: c for n, c in teams.items() if c})


def _scopes(has: Collection[str]) -> Line:
    """What the token may, against what is done with it."""
    missing = [scope for scope in SCOPES if scope not in has]
    if not missing:
        return Line("scopes", "OK", ", ".join(SCOPES))
    text = "; ".join(f"without {scope} {SCOPES[scope]}" for scope in missing)
    verdict: Verdict = "FAIL" if "chat:write" in missing else "WARN"
    return Line("scopes", verdict, text, f"add {', '.join(missing)} to the app, and install it in the workspace again")


def _channels(sender: SlackSender, teams: Mapping[str, str]) -> Line:
    named = {channel.removeprefix("#"): team for team, channel in teams.items()}
    shown = {n: n if sender.is_id(n) else f"#{n}" for n in named}
    try:
        known = sender.channels()
    except ChannelError as error:
        if all(sender.is_id(n) for n in named):
            return Line("channels", "OK", f"{len(named)} named by ID")
        return Line(
            "channels", "WARN", f"cannot be looked up: {error.message}", error.hint or "add the scope channels:read to the app"
        )
    lost = [n for n in named if n not in known and not sender.is_id(n)]
    if lost:
        near = did_you_mean(lost[0], [n for n in known if not sender.is_id(n)])
        fix = "Invite the app to private channels and give it groups:read, or name them by ID in inventory.yaml."
        text = f"not seen: {', '.join(f'{shown[n]} ({named[n]})' for n in lost)}"
        return Line("channels", "WARN", text, f"{near} {fix}".strip())
    out = [n for n in named if not known.get(n, True)]
    if out:
        text = f"the app is not in {', '.join(f'{shown[n]} ({named[n]})' for n in out)}"
        return Line("channels", "WARN", text, "in each of them: /invite @THE-APP")
    return Line("channels", "OK", f"the app is in {', '.join(shown.values())}")


def _terminal(terminal: Terminal) -> Iterator[Line]:
    """Can it show what we draw, and does what is copied arrive?"""
    if not terminal.tty:
        yield Line("terminal", "OK", "none: plain text, and no question is asked with --auto")
    else:
        colour = "colour" if terminal.colour else "no colour"
        text = f"{terminal.columns}x{terminal.rows}, {colour}, TERM={terminal.term or 'unset'}"
        if terminal.columns < LEAST_SIZE[0] or terminal.rows < LEAST_SIZE[1]:
            yield Line("terminal", "WARN", text, "the app needs 60x16: make the window larger, or use --plain")
        elif terminal.columns < GOOD_SIZE[0] or terminal.rows < GOOD_SIZE[1]:
            yield Line("terminal", "WARN", text, "made for 80x24: what is wide will be cut")
        elif terminal.term in ("", "dumb"):
            yield Line("terminal", "WARN", text, "export TERM=xterm-256color for the app; plain text works")
        else:
            yield Line("terminal", "OK", text)
    if terminal.encoding.lower().replace("-", "") != "utf8":
        fix = "export LC_ALL=C.UTF-8 (charts and marks are drawn in Unicode)"
        yield Line("encoding", "WARN", f"{terminal.encoding or 'unknown'}, not UTF-8", fix)
    else:
        yield Line("encoding", "OK", "UTF-8")
    if terminal.clipboard is not None:
        if terminal.clipboard == "on":
            yield Line("clipboard", "OK", "tmux passes on what is copied")
        else:
            text = f"tmux loses what is copied without a word (set-clipboard {terminal.clipboard or 'unknown'})"
            yield Line("clipboard", "WARN", text, "put into ~/.tmux.conf: set -s set-clipboard on")
