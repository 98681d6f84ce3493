"""What YAML's own complaints mean for the person who wrote the line."""

from __future__ import annotations

import re

import yaml

_QUOTE = "put the whole value in quotes"
_BRACES = re.compile(r"\$\{|\{\{")
_COLON = re.compile(r":\s")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def lines_of(text: str) -> list[str]:
    """The lines of a text as YAML counts them."""
    return _BREAK.split(text)


def explain(error: yaml.MarkedYAMLError, text: str) -> tuple[tuple[int, int] | None, str, str]:
    """Where (line and column from 1), what happened, and what to try, of a text that is not YAML."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return None, str(error.problem or error.context or error), ""
    lines = lines_of(text)
    ended = mark.line >= len(lines)  # the parser counts one line more than the file has
    place = (len(lines), len(lines[-1]) + 1) if ended else (mark.line + 1, mark.column + 1)
    line = "" if ended else lines[mark.line]
    problem, context = error.problem or "", error.context or ""
    opened = error.context_mark

    if "cannot start any token" in problem:
        return place, *_start(line[mark.column : mark.column + 1])
    if "tab character" in problem:
        return place, *_start("\t")
    if "mapping values are not allowed" in problem:
        if len(_COLON.findall(line)) > 1 or _COLON.search(line[: mark.column]):
            return place, "a second ': ' in one value", f"{_QUOTE}, or in a | block"
        return place, "a key stands where none can", "align it with the keys beside it; a line above may lack its quotes"
    if "expected ',' or" in problem:
        return _unclosed(place, line, opened, lines)
    if "unexpected end of stream" in problem and opened is not None:
        return (opened.line + 1, opened.column + 1), "this quote is never closed", ""
    if "could not find expected ':'" in problem and opened is not None:
        return (
            (opened.line + 1, opened.column + 1),
            "neither a key nor a list item",
            "write `key: value`, a space after the colon",
        )
    for known, (message, hint) in _KNOWN.items():
        if known in problem or known in context:
            return place, message, hint
    if "expected key" in problem or "expected <block end>" in problem:
        return place, *_key(line, mark.column)
    return place, f"not YAML: {problem or context}", ""


_KNOWN = {
    "maximum nesting depth": ("nested more than 64 deep", ""),
    "unknown escape": ("an unknown escape in double quotes", "use single quotes: there a backslash is itself"),
    "block scalar": ("text follows | or > on its line", "the text of a block begins on the next line; or " + _QUOTE),
    "scanning an alias": ("'*' begins an alias", _QUOTE),
    "scanning an anchor": ("'&' begins an anchor", _QUOTE),
    "a tag": ("'!' begins a tag", _QUOTE),
    "directive": ("'%' at the start of a line begins a directive", _QUOTE),
    "incompatible": ("another YAML version is asked for", "remove the %YAML line"),
    "block sequence entries": ("a list item stands beside its key", "begin the list on the next line, or write [a, b]"),
    "expected the node content": ("a value is missing here", "or " + _QUOTE),
    "expected node content": ("a value is missing here", "or " + _QUOTE),
    "mapping keys are not allowed": ("'? ' begins a key", _QUOTE),
    "document start": ("this line belongs to nothing", "align it with the keys above"),
}


def _start(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab where YAML wants spaces", "indent with spaces"
    return f"a value cannot begin with {character!r}", _QUOTE


def _unclosed(
    place: tuple[int, int], line: str, opened: yaml.Mark | None, lines: list[str]
) -> tuple[tuple[int, int], str, str]:
    """A `[...]` or `{...}` that does not go on as it must: braces in a bare value, or an end that is missing."""
    if _BRACES.search(line):
        return place, "braces in a bare value", "inside [...] and {...} a value with braces stands in quotes"
    if opened is not None and opened.line + 1 < place[0]:
        bracket = lines[opened.line][opened.column : opened.column + 1]
        return (opened.line + 1, opened.column + 1), f"this {bracket!r} is never closed", ""
    return place, "neither ',' nor the closing bracket", f"{_QUOTE} if this belongs to it"


def _key(line: str, column: int) -> tuple[str, str]:
    before = line[:column].rstrip()
    if before.endswith(("'", '"')):
        return "text goes on after the closing quote", "quote the whole value; inside '...' write ' twice"
    if before and not before.endswith("-"):
        return "this belongs to no value", _QUOTE
    return "the indentation fits no key above", "align it with the keys beside it"
