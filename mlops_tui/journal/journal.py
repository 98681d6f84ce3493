"""The journal: everything that happened, appended and never changed."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_tui.core.errors import JournalError, NotTheDriver
from mlops_tui.core.settings import Actor, Clock
from mlops_tui.journal import artefacts as kept
from mlops_tui.journal.chain import START, Row, faults, head_fault, make_row, read_row
from mlops_tui.journal.event import Event
from mlops_tui.journal.lock import RunLock
from mlops_tui.journal.store import FILE, open_file, refuse_network, shown, there

DRIVER_ONLY = ("run_", "step_", "effect_")
"""What the types begin with that only the driver of a run may append."""
RAISES_EPOCH = frozenset({"run_started", "run_joined"})

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_COLUMNS = "stream, seq, id, at, actor, type, header, body, hash"


class Journal:
    """An opened journal. One process, any of its threads; a forked child opens its own."""

    def __init__(self, folder: Path, con: sqlite3.Connection, clock: Clock, actor: Actor) -> None:
        self.folder = folder
        self.actor = actor
        self._clock = clock
        self._con = con
        self._pid = os.getpid()
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, actor: Actor, create: bool = True) -> Journal:
        """The journal in `folder` (`.runbook/state`), made where there is none and `create` is set.

        Raises JournalError: none there, no permission, disk full, a network file system, another program's file.
        """
        with shown(folder):
            if create:
                for part in (folder, folder / "artefacts", folder / "runs"):
                    part.mkdir(parents=True, exist_ok=True)
            if folder.exists():
                refuse_network(folder)
        return cls(folder, open_file(folder / FILE, create=create), clock, actor)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a journal. Raises JournalError where the system does not let us look."""
        return there(folder / FILE)

    def close(self) -> None:
        """Closes the file; what was appended is durable already."""
        with self._lock:
            self._con.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # appending

    def append(
        self,
        stream: str,
        type: str,  # noqa: A002 - the entry's own word
        body: Mapping[str, Any],
        *,
        id: str | None = None,  # noqa: A002
        run: str = "",
        epoch: int | None = None,
        step: str = "",
        attempt: int = 0,
        artefacts: Sequence[str] = (),
    ) -> Event:
        """Appends one event in one transaction; it is on the disk when this returns.

        An `id` that is there already gives the event that bears it, so that a lost acknowledgement is retried safely.
        `epoch` is the driver's: `run_*`, `step_*` and `effect_*` need one, and one that is no longer the run's is refused
        with NotTheDriver. `run_started` and `run_joined` raise it by one. Artefacts are kept before they are named.
        """
        _name("stream", stream)
        for sha256 in artefacts:
            self.artefact(sha256)
        with self._write():
            event = self._next(stream, type, body, id)
            event = replace(event, run=run, epoch=epoch or 0, step=step, attempt=attempt, artefacts=tuple(artefacts))
            return self._append(event, driven=epoch is not None)

    def start_stream(self, prefix: str, type: str, body: Mapping[str, Any], *, id: str | None = None) -> Event:  # noqa: A002
        """Begins the stream with the next free number (`INC-` gives `INC-1`, `INC-2`, ...) with this event."""
        _name("stream", prefix + "1")
        with self._write():
            known = self._found(id) if id else None
            if known is not None:
                return known
            numbers = (_number(prefix, s) for s in self.streams(prefix))
            stream = f"{prefix}{max(numbers, default=0) + 1}"
            return self._append(self._next(stream, type, body, id), driven=False)

    def _next(self, stream: str, type: str, body: Mapping[str, Any], id: str | None) -> Event:  # noqa: A002
        """The entry that would follow the newest of the stream."""
        name = id or secrets.token_hex(16)
        return Event(stream, self.head(stream)[0] + 1, name, self._clock(), self.actor, type, body=body)

    def _append(self, event: Event, *, driven: bool) -> Event:
        known = self._found(event.id)
        if known is not None:
            if (known.stream, known.type) != (event.stream, event.type):
                raise JournalError(f"the id {event.id} names a {known.type} of {known.stream} already", where=event.stream)
            return known
        if driven:
            self._check_epoch(event)
        elif event.type.startswith(DRIVER_ONLY):
            raise NotTheDriver(f"only the driver of a run appends {event.type}", where=event.stream)
        row = make_row(event, self.head(event.stream)[1])
        values = (row.stream, row.seq, row.id, row.at, row.actor, row.type, row.header, row.body, row.hash)
        self._con.execute(f"insert into event({_COLUMNS}) values (?,?,?,?,?,?,?,?,?)", values)  # noqa: S608 - our own names
        self._con.execute(
            "insert into head values (?,?,?) on conflict (stream) do update set seq = excluded.seq, hash = excluded.hash",
            (row.stream, row.seq, row.hash),
        )
        return read_row(row)

    def _check_epoch(self, event: Event) -> None:
        stream, current = self._driver(event.run)
        if stream not in ("", event.stream):
            raise JournalError(f"run {event.run} belongs to {stream}", where=event.stream)
        expected = current + 1 if event.type in RAISES_EPOCH else current
        if event.epoch != expected:
            raise NotTheDriver(
                f"run {event.run} is driven by another process now (epoch {current}; this one was at {event.epoch})",
                where=event.stream,
                hint="`runbook resume` takes it over when that one has stopped",
            )
        if event.type in RAISES_EPOCH:
            self._con.execute(
                "insert into driver values (?,?,?) on conflict (run) do update set epoch = excluded.epoch",
                (event.run, event.stream, event.epoch),
            )

    # reading

    def events(self, stream: str, *, after: int = 0) -> tuple[Event, ...]:
        """The events of a stream in order, those with a `seq` above `after`. Raises JournalError where one is unreadable."""
        rows = self._rows(stream, after)
        try:
            return tuple(read_row(row) for row in rows)
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(
                "an entry cannot be read", where=stream, hint="keep a copy of the file before anything else is done with it"
            ) from error

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        """The names of the streams that begin with `prefix`, by number where they end in one."""
        with self._read():
            rows = self._con.execute("select stream from head").fetchall()
        return tuple(sorted((s for (s,) in rows if s.startswith(prefix)), key=_by_number))

    def head(self, stream: str) -> tuple[int, str]:
        """(seq, hash) of the newest entry; (0, sixty-four zeros) where the stream does not exist."""
        with self._read():
            rows = self._con.execute("select seq, hash from head where stream = ?", (stream,)).fetchall()
        return rows[0] if rows else (0, START)

    def verify(self, stream: str, head: str | None = None) -> tuple[str, ...]:
        """What is wrong with a stream, in words; empty = sound.

        Every header, body, copy and artefact is hashed again. Without a `head` that went out (`SEQ:HASH` or `HASH`,
        12 hex digits or more), a tail cut by somebody who also moved the stored head, or a chain written anew from some
        entry on, cannot be seen.
        """
        rows = self._rows(stream, 0)
        found = list(faults(rows))
        seq, stored = self.head(stream)
        last = (rows[-1].seq, rows[-1].hash) if rows else (0, START)
        if not found and (seq, stored) != last:
            found.append(f"the newest entry is {last[0]}, and the journal's own head says {seq}: entries were cut or added")
        if head is not None and (fault := head_fault(rows, head)):
            found.append(fault)
        if not found:
            named = dict.fromkeys(a for row in rows if row.body is not None for a in read_row(row).artefacts)
            found += [fault for sha256 in named if (fault := kept.fault(self.folder / "artefacts", sha256))]
        return tuple(found)

    def _rows(self, stream: str, after: int) -> list[Row]:
        with self._read():
            query = f"select {_COLUMNS} from event where stream = ? and seq > ? order by seq"  # noqa: S608
            return [Row(*row) for row in self._con.execute(query, (stream, after)).fetchall()]

    def _found(self, id: str) -> Event | None:  # noqa: A002
        rows = self._con.execute(f"select {_COLUMNS} from event where id = ?", (id,)).fetchall()  # noqa: S608
        return read_row(Row(*rows[0])) if rows else None

    def _driver(self, run: str) -> tuple[str, int]:
        rows = self._con.execute("select stream, epoch from driver where run = ?", (run,)).fetchall()
        return rows[0] if rows else ("", 0)

    # artefacts

    def keep(self, data: bytes, suffix: str = "") -> str:
        """Stores bytes durably beside the journal and returns their SHA-256; `suffix` is `.png` or `png`."""
        return kept.keep(self.folder / "artefacts", data, suffix)

    def artefact(self, sha256: str) -> Path:
        """Where the bytes with this hash lie. Raises JournalError where they are not kept."""
        return kept.find(self.folder / "artefacts", sha256)

    # driving

    @contextmanager
    def drive(self, stream: str, run: str) -> Iterator[Driver]:
        """Makes this process the one driver of a run, until the block ends. Raises NotTheDriver with who drives it.

        The driver's first event is `run_started` or `run_joined`: it raises the epoch to the driver's.
        """
        _name("run", run)
        lock = RunLock(self.folder / "runs" / f"{run}.lock")
        lock.take(self.actor, self._clock())
        try:
            with self._read():
                epoch = self._driver(run)[1] + 1
            yield Driver(self, stream, run, epoch, lock)
        finally:
            lock.release()

    # transactions

    @contextmanager
    def _read(self) -> Iterator[None]:
        with self._lock, shown(self.folder / FILE):
            if os.getpid() != self._pid:
                raise JournalError("a journal cannot be carried into a forked process", hint="open it there")
            yield

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._read():
            try:
                self._con.execute("begin immediate")
                yield
                self._con.execute("commit")
            except BaseException:
                if self._con.in_transaction:  # a full disk has rolled back already
                    self._con.execute("rollback")
                raise


class Driver:
    """The right to drive a run: what it appends carries the run and the epoch."""

    def __init__(self, journal: Journal, stream: str, run: str, epoch: int, lock: RunLock) -> None:
        self.journal = journal
        self.stream = stream
        self.run = run
        self.epoch = epoch
        self._lock = lock

    def append(
        self,
        type: str,  # noqa: A002
        body: Mapping[str, Any],
        *,
        id: str | None = None,  # noqa: A002
        step: str = "",
        attempt: int = 0,
        artefacts: Sequence[str] = (),
    ) -> Event:
        """`Journal.append` to the run's stream. Raises NotTheDriver where another process has taken over."""
        return self.journal.append(
            self.stream, type, body, id=id, run=self.run, epoch=self.epoch, step=step, attempt=attempt, artefacts=artefacts
        )

    def check(self) -> None:
        """Raises NotTheDriver unless lock and epoch are still this driver's: asked again just before an effect starts."""
        with self.journal._read():
            epoch = self.journal._driver(self.run)[1]
        if not self._lock.held() or epoch != self.epoch:
            raise NotTheDriver(f"run {self.run} is no longer driven by this process", where=self.stream)


def _name(what: str, name: str) -> None:
    if not _NAME.match(name):
        raise JournalError(f"{name!r} cannot name a {what}", hint="letters, digits, '.', '_' and '-', at most 100")


def _number(prefix: str, stream: str) -> int:
    rest = stream[len(prefix) :]
    return int(rest) if rest.isdecimal() and rest.isascii() else 0


def _by_number(stream: str) -> tuple[str, int, str]:
    match = re.search(r"\d+\Z", stream)
    return (stream[: match.start()], int(match[0]), stream) if match else (stream, 0, stream)
