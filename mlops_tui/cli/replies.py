"""What a typed line means as the reply to a question. Pure: text in, value out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from mlops_tui.core.errors import did_you_mean
from mlops_tui.core.leave import one_line, visible
from mlops_tui.engine.types import Question

_YES, _NO = frozenset({"y", "yes"}), frozenset({"n", "no"})


@dataclass(frozen=True, slots=True)
class Choose:
    """An answer: the choice, and why where the person said so (`2 because ...`)."""

    choice: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class TakeNote:
    """A note for the timeline; the question still stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The person wants to stop here and go on later."""


@dataclass(frozen=True, slots=True)
class Again:
    """The line is no answer; `message` says what would be."""

    message: str


Reply = Choose | TakeNote | Leave | Again


def understand(line: str, question: Question) -> Reply:
    """The meaning of a line.

    `note TEXT` and `quit` work at every question. A choice is given by its number, its name, or `y`/`n` where those are
    the choices; words after it say why. Where something must be typed to the letter, only that says yes.
    """
    text = line.strip()
    word, _, rest = text.partition(" ")
    if word == "note":
        return TakeNote(rest.strip()) if rest.strip() else Again("write the note on the same line: note TEXT")
    if text in ("quit", "q") and text not in question.choices:
        return Leave()
    if not text:
        return Again(prompt(question))
    if question.type_this is not None:
        return _to_the_letter(text, question.type_this, question.choices)
    if not question.choices:
        return Choose(text)
    if text in question.choices:
        return Choose(text)
    found = _named(word, question.choices)
    if found is not None:
        return Choose(found, rest.strip())
    hint = did_you_mean(text, question.choices)
    return Again(f"{one_line(text)!r} is none of the answers" + (f": {hint}" if hint else ""))


def _to_the_letter(text: str, wanted: str, choices: tuple[str, ...]) -> Reply:
    """Yes only by the very word that was asked for; no by any of its names."""
    if text == wanted or text.startswith(f"{wanted} "):
        return Choose("yes", text[len(wanted) :].strip())
    word, _, rest = text.partition(" ")
    if _named(word, choices or ("yes", "no")) == "no":
        return Choose("no", rest.strip())
    return Again(f"type {one_line(wanted)} to the letter to go ahead, or no")


def _named(word: str, choices: tuple[str, ...]) -> str | None:
    """The choice of that number, name or first letter of yes and no."""
    if word in choices:
        return word
    if word.isdecimal() and 1 <= int(word) <= len(choices):
        return choices[int(word) - 1]
    lowered = word.lower()
    for names, choice in ((_YES, "yes"), (_NO, "no")):
        if lowered in names and choice in choices:
            return choice
    same = [c for c in choices if c.lower() == lowered]
    return same[0] if len(same) == 1 else None


def described(question: Question) -> str:
    """The question as lines: its text, who may answer and until when, the numbered choices. Escaped."""
    lines = [f"? {visible(question.text)}"]
    who = [f"by {question.by}" if question.by else "", f"not by {question.not_by}" if question.not_by else ""]
    if any(who):
        lines.append(f"  to be answered {', '.join(w for w in who if w)}")
    if question.expires is not None:
        lines.append(f"  stands until {question.expires.astimezone(UTC):%Y-%m-%d %H:%M}Z")
    if question.type_this is None:
        lines += [f"  {i}) {one_line(c)}" for i, c in enumerate(question.choices, 1)]
    return "\n".join(lines)


def prompt(question: Question) -> str:
    """The words before the cursor."""
    if question.type_this is not None:
        return f"type {one_line(question.type_this)} to go ahead, or no"
    if question.choices:
        return f"1-{len(question.choices)} and why, or note TEXT, or quit"
    return "your answer, or note TEXT, or quit"
