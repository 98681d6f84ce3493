"""What may leave: text from logs, alerts and answers is data, wherever it is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SMALL_CELL = 10
"""Counts below this are not published (Slack, postmortems)."""

_KEEP = {"\n", "\t"}


def visible(text: str, *, most: int = 4000) -> str:
    """Text without control, format and surrogate characters (no ANSI, OSC or bidi tricks), cut at `most` characters."""
    shown = "".join(c if c in _KEEP or unicodedata.category(c)[0] != "C" else "�" for c in text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def one_line(text: str, *, most: int = 300) -> str:
    """`visible` text on one line."""
    return " ".join(visible(text, most=most).split())


_MARKDOWN = re.compile(
    r"[\\`*\[\]<|&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#>+-](?=\s)|^\d+(?=[.)]\s)|~~"
    r"|:(?=//)|(?<=[wW]{3})\.|^(?:---|===)"
)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line: no link is made of an address either.

    An underscore within a word means nothing there and stays.
    """
    return _MARKDOWN.sub(lambda m: (m[0] + "\\") if m[0].isdigit() else "\\" + m[0], one_line(text, most=2000))


def slack(text: str) -> str:
    """Text that Slack shows as it is: `&`, `<`, `>` escaped, so that no `<!channel>` and no link can be made."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html_text(text: str) -> str:
    """Text for HTML, quotes too."""
    import html

    return html.escape(visible(text), quote=True)


def count(n: int, *, least: int = SMALL_CELL) -> str:
    """A count for publication: `<10` where the cell is small, else with thousands separated."""
    return f"<{least}" if 0 < n < least else f"{n:,}"


class Mask:
    """Replaces known secrets in text: as they are, in base64, in URL and in JSON form."""

    def __init__(self, secrets: Iterable[str]) -> None:
        import base64
        import json
        import urllib.parse

        forms: set[str] = set()
        for secret in secrets:
            if len(secret) < 4:
                continue
            raw = secret.encode()
            forms |= {
                secret,
                json.dumps(secret)[1:-1],
                urllib.parse.quote(secret, safe=""),
                urllib.parse.quote_plus(secret),
            }
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                forms |= {encode(raw).decode(), encode(raw).decode().rstrip("=")}
        self._pattern = re.compile("|".join(re.escape(f) for f in sorted(forms, key=len, reverse=True))) if forms else None

    def __call__(self, text: str) -> str:
        """The text with every known form of every secret replaced."""
        return self._pattern.sub("•••", text) if self._pattern else text
