"""The app's two themes. Every text colour keeps a contrast of 4.5 or more on every ground it stands on; a test says so."""

from __future__ import annotations

from textual.theme import Theme

TONES = ("crit", "warn", "okay", "few", "unsure", "muted", "ask", "plain")
"""The text colours by meaning. A tone only repeats what a word beside it says."""

GROUNDS = ("ground", "raised", "marked", "bar")
"""What text stands on: the screen, boxes, the row under the cursor, the lines at the top and the bottom."""

DARK = {
    "ground": "#101418",
    "raised": "#171d24",
    "marked": "#253446",
    "bar": "#1b2430",
    "rule": "#3a4654",
    "plain": "#dde3ea",
    "muted": "#a3b0be",
    "crit": "#ff8f8a",
    "warn": "#f0c05a",
    "okay": "#7fd694",
    "few": "#8cc8ff",
    "unsure": "#d8a6ff",
    "ask": "#7fdfff",
}
LIGHT = {
    "ground": "#fbfbf8",
    "raised": "#f1f1ec",
    "marked": "#d5e3f2",
    "bar": "#e4e8ec",
    "rule": "#b3bac2",
    "plain": "#1b2026",
    "muted": "#4a545f",
    "crit": "#a40e1b",
    "warn": "#6f4a00",
    "okay": "#0b5a2a",
    "few": "#0a4a8f",
    "unsure": "#662a99",
    "ask": "#00536b",
}


def _theme(name: str, colours: dict[str, str], *, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=colours["ask"],
        secondary=colours["few"],
        accent=colours["ask"],
        warning=colours["warn"],
        error=colours["crit"],
        success=colours["okay"],
        foreground=colours["plain"],
        background=colours["ground"],
        surface=colours["raised"],
        panel=colours["bar"],
        dark=dark,
        variables=colours
        | {
            "footer-background": colours["bar"],
            "input-cursor-background": colours["plain"],
            "input-cursor-foreground": colours["ground"],
            "border": colours["ask"],
            "border-blurred": colours["rule"],
            "scrollbar": colours["rule"],
            "scrollbar-background": colours["ground"],
            "scrollbar-corner-color": colours["ground"],
            "block-cursor-background": colours["marked"],
            "block-cursor-foreground": colours["plain"],
        },
    )


THEMES = (_theme("runbook-dark", DARK, dark=True), _theme("runbook-light", LIGHT, dark=False))
