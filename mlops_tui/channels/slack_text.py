"""Text as Slack takes it: escaped, cut where it is too long, and as blocks that no text can play tricks in.

Limits (Slack's reference, and what was measured where it is silent): `text` should stay below 4,000 characters; a message
holds 50 blocks; a header 150 characters, a section 3,000; about 12,000 characters of block text in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlops_tui.channels.sender import Part
from mlops_tui.core.leave import one_line
from mlops_tui.core.leave import slack as escape
from mlops_tui.incidents.messages import Piece

MOST_CHARACTERS = 3_500
"""Of the text of one message; Slack advises below 4,000."""
MOST_BLOCKS = 50
MOST_IN_BLOCKS = 9_000
"""Characters of all blocks of one message."""
MOST_HEAD, MOST_SECTION = 150, 2_900
EMPTY = "(no text)"

Block = Mapping[str, Any]


def split(text: str, most: int = MOST_CHARACTERS) -> tuple[str, ...]:
    """A text as escaped parts of at most `most` characters, at least one; none is empty, no escape is cut in two."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        size = _fitting(rest, most)
        if size < len(rest):
            size = max(rest.rfind("\n", 0, size + 1), 0) or max(rest.rfind(" ", 0, size + 1), 0) or size
        parts.append(escape(rest[:size].rstrip()))
        rest = rest[size:].lstrip()
    return tuple(p for p in parts if p) or (EMPTY,)


def parts(text: str, layout: Sequence[Piece] = ()) -> tuple[Part, ...]:
    """The posts of a message: its text in parts, or its layout as blocks, each post with its own text beside them."""
    if not any(piece.text.strip() for piece in layout):
        return tuple(Part(p) for p in split(text))
    posts: list[list[tuple[Block, str]]] = [[]]
    room = MOST_IN_BLOCKS
    for block, shown in _blocks(layout):
        if len(posts[-1]) == MOST_BLOCKS or (len(shown) > room and posts[-1]):
            posts.append([])
            room = MOST_IN_BLOCKS
        posts[-1].append((block, shown))
        room -= len(shown)
    return tuple(Part(_beside(s for _, s in post), tuple(b for b, _ in post)) for post in posts)


def _beside(shown: Iterable[str]) -> str:
    """What notifications and screen readers get of a post: escaped already, cut where its blocks say more."""
    text = ""
    for line in shown:
        if len(text) + len(line) + 1 > MOST_CHARACTERS:
            return f"{text}\n…" if text else _cut(line)
        text = f"{text}\n{line}" if text else line
    return text


def _cut(line: str) -> str:
    short = line[: MOST_CHARACTERS - 2]
    start = short.rfind("&")
    return (short[:start] if start >= 0 and ";" not in short[start:] else short) + "…"


def _blocks(layout: Iterable[Piece]) -> Iterator[tuple[Block, str]]:
    """Each block with its text, escaped. Only commands are marked up, and in them nothing can end the mark-up."""
    for style, text in ((p.style, p.text) for p in layout if p.text.strip()):
        if style == "head":
            first, *more = split(one_line(text, most=4_000), MOST_HEAD)
            yield {"type": "header", "text": _plain(first)}, first
            yield from (({"type": "section", "text": _plain(part)}, part) for part in more)
            continue
        for part in split(text.replace("`", "'") if style == "code" else text, MOST_SECTION):
            if style == "code":
                yield {"type": "section", "text": {"type": "mrkdwn", "text": f"```{part}```", "verbatim": True}}, part
            elif style == "small":
                yield {"type": "context", "elements": [_plain(part)]}, part
            else:
                yield {"type": "section", "text": _plain(part)}, part


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _fitting(text: str, most: int) -> int:
    """How many characters of the text fit into `most` once escaped; at least one."""
    used = 0
    for place, character in enumerate(text):
        used += len(escape(character)) or 1
        if used > most:
            return max(place, 1)
    return len(text)
