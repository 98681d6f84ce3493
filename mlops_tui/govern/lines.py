"""YAML as people like to read it: values quoted only where they must be, comments in a column of their own."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence

from mlops_tui.core.leave import one_line
from mlops_tui.govern.guess import Guess

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_.()/-]+)*\Z")
_MEANT = re.compile(r"(?:true|false|yes|no|on|off|null|y|n|~)\Z", re.IGNORECASE)
_CODE = 44
"""The column at which comments begin, where the code leaves room."""
_WIDE = 136


def scalar(value: str, *, quote: bool = False) -> str:
    """A text as a YAML scalar, for block and flow style alike."""
    if not quote and _PLAIN.match(value) and not _MEANT.match(value):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in quoted)


def flow(values: Sequence[str]) -> str:
    """A list on one line."""
    return "[" + ", ".join(scalar(v) for v in values) + "]"


class Lines:
    """The lines of a file as it is written."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """The whole file."""
        return "\n".join(self._lines) + "\n"

    def add(self, code: str = "", comment: str = "", *, at: int = _CODE) -> None:
        """A line of code with a comment beside it; a long comment goes on below itself."""
        if not comment:
            self._lines.append(code)
            return
        start = max(at, len(code) + 2)
        folded = textwrap.wrap(one_line(comment, most=2000), max(40, _WIDE - start - 2), break_on_hyphens=False)
        self._lines.append(f"{code.ljust(start)}# {folded[0]}")
        self._lines += [f"{' ' * start}#   {rest}" for rest in folded[1:]]

    def remark(self, text: str, indent: int = 0) -> None:
        """A comment on lines of its own."""
        pad = " " * indent
        self._lines += [
            f"{pad}# {line}" for line in textwrap.wrap(one_line(text, most=4000), 116 - indent, break_on_hyphens=False)
        ]

    def guess(self, code: str, guess: Guess[object], *, at: int = _CODE) -> None:
        """A line whose value is a guess, with its reason; `guess?` where the reason is weak."""
        self.add(code, f"guess{'' if guess.sure else '?'}: {guess.why}", at=at)
