"""The bytes of an entry, and the chain that holds the entries together.

An entry is a header and a body. The header is canonical JSON text that names the body by its SHA-256; the body is 16
random bytes and canonical JSON, so that nobody can guess a purged body from its hash. Each entry's hash is
`sha256(previous hash + header)`, both as text, which a shell can check too:
`printf '%s%s' "$previous" "$header" | sha256sum`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_tui.core.canonical import canonical
from mlops_tui.core.settings import Actor
from mlops_tui.core.window import iso, parse_instant
from mlops_tui.journal.event import Event

VERSION = 1
START = "0" * 64
"""The hash before the first entry."""
SALT_BYTES = 16
LEAST_HEAD = 12
"""Hex digits of a head's hash that are enough to be compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored. All columns but `header`, `body` and `hash` are copies of what the header says."""

    stream: str
    seq: int
    id: str
    at: str
    actor: str
    type: str
    header: str
    body: bytes | None
    hash: str


def link(previous: str, header: str) -> str:
    """The hash of an entry, from the hash before it and its own header."""
    return hashlib.sha256((previous + header).encode()).hexdigest()


def body_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as it is stored and hashed: salt and canonical JSON. What UTF-8 cannot hold is shown as `?`."""
    try:
        text = canonical(body)
    except UnicodeEncodeError:
        text = canonical(_encodable(body))
    return secrets.token_bytes(SALT_BYTES) + text


def make_row(event: Event, previous: str) -> Row:
    """The row of an event that follows the entry with the hash `previous`."""
    body = body_bytes(event.body or {})
    header = canonical(
        {
            "v": VERSION,
            "stream": event.stream,
            "seq": event.seq,
            "id": event.id,
            "at": iso(event.at),
            "actor": event.actor.as_json(),
            "run": event.run,
            "epoch": event.epoch,
            "step": event.step,
            "attempt": event.attempt,
            "type": event.type,
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "artefacts": list(event.artefacts),
        }
    ).decode()
    return Row(
        event.stream, event.seq, event.id, iso(event.at), event.actor.login, event.type, header, body, link(previous, header)
    )


def read_row(row: Row) -> Event:
    """The event of a stored row. Raises KeyError, TypeError or ValueError where the row is not one that we wrote."""
    head = json.loads(row.header)
    who = head["actor"]
    return Event(
        stream=head["stream"],
        seq=head["seq"],
        id=head["id"],
        at=parse_instant(head["at"]),
        actor=Actor(who["login"], who["uid"], who["host"], who["pid"]),
        type=head["type"],
        run=head["run"],
        epoch=head["epoch"],
        step=head["step"],
        attempt=head["attempt"],
        body=None if row.body is None else json.loads(row.body[SALT_BYTES:]),
        artefacts=tuple(head["artefacts"]),
        hash=row.hash,
    )


def faults(rows: Sequence[Row]) -> Iterator[str]:
    """What is wrong with a stream's rows (in the order of `seq`), in words."""
    previous = START
    purged = _purged(rows)
    for expected, row in enumerate(rows, start=1):
        if row.seq != expected:
            yield f"entry {expected} is missing: the next one stored is {row.seq}"
            return
        yield from _row_faults(row, previous)
        if row.body is None and row.seq not in purged:
            yield f"entry {row.seq} ({row.type}): the body is gone, and no later entry says that it was purged"
        previous = row.hash


def head_fault(rows: Sequence[Row], head: str) -> str | None:
    """Whether a head that went out earlier (`HASH` or `SEQ:HASH`, at least 12 hex digits) is still in the chain."""
    number, _, prefix = head.strip().lower().rpartition(":")
    if len(prefix) < LEAST_HEAD or prefix.strip("0123456789abcdef") or (number and not number.isdecimal()):
        return f"{head!r} is not a head: it is written SEQ:HASH, with at least {LEAST_HEAD} hex digits"
    if any(row.hash.startswith(prefix) and (not number or row.seq == int(number)) for row in rows):
        return None
    return f"the head {head} went out and is no longer in the chain: its tail was cut, or the chain was written anew"


def _row_faults(row: Row, previous: str) -> Iterator[str]:
    name = f"entry {row.seq}"
    if link(previous, row.header) != row.hash:
        yield f"{name}: the header does not have the hash that the chain holds"
        return
    try:
        head = json.loads(row.header)
        copies = {
            "stream": head["stream"],
            "seq": head["seq"],
            "id": head["id"],
            "at": head["at"],
            "actor": head["actor"]["login"],
            "type": head["type"],
        }
        body_sha256 = head["body_sha256"]
    except (KeyError, TypeError, ValueError):
        yield f"{name}: the header is not one that this tool writes"
        return
    for column, value in copies.items():
        if getattr(row, column) != value:
            yield f"{name}: the column {column} does not say what the header says"
    if row.body is not None and hashlib.sha256(row.body).hexdigest() != body_sha256:
        yield f"{name} ({row.type}): the body was changed"


def _purged(rows: Sequence[Row]) -> frozenset[int]:
    """The entries whose bodies a later `purged` entry (body `{"entries": [seq, ...]}`) says are gone."""
    found: set[int] = set()
    for row in rows:
        if row.type == "purged" and row.body is not None:
            try:
                found |= {n for n in json.loads(row.body[SALT_BYTES:])["entries"] if n < row.seq}
            except (KeyError, TypeError, ValueError):
                continue  # its own fault is told where it stands
    return frozenset(found)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_encodable(k): _encodable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(v) for v in value]
    return value
