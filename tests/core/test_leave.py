"""Text from logs, alerts and answers is data, wherever it is shown."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest

from mlops_tui.core import leave


def test_control_and_format_characters_never_reach_a_terminal() -> None:
    """ANSI, OSC, bidi and zero-width characters are replaced, newlines and tabs stay."""
    shown = leave.visible("a\x1b[31mred\x1b]0;title\x07\u202eevil\u200b\n\tb\x9b2J")
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert shown.endswith("2J")
    assert "\n\tb" in shown


def test_one_line_is_one_line() -> None:
    """No text can make a second line in a table or a timeline."""
    assert not set("\n\r\t\u2028") & set(leave.one_line("a\n b\r\n\tc\u2028d"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bank_label", "bank_label"),
        ("_x_ and *y*", r"\_x\_ and \*y\*"),
        ("<b>[a](b)|c`d`", r"\<b>\[a\](b)\|c\`d\`"),
        ("# not a title", r"\# not a title"),
        ("1. no list", r"1\. no list"),
        ("a > b", "a > b"),
        ("see https://x.example or www.x.example", r"see https\://x.example or www\.x.example"),
        ("&copy; &lt;", r"\&copy; \&lt;"),
        ("---", r"\---"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, shown: str) -> None:
    """No value makes a link, a title, a cell or a tag; plain words stay readable."""
    assert leave.markdown(text) == shown


def test_slack_text_makes_no_mention() -> None:
    """`<!channel>` and links are text."""
    assert leave.slack("<!channel> a & b <http://x|y>") == "&lt;!channel&gt; a &amp; b &lt;http://x|y&gt;"


def test_small_cells_stay_in() -> None:
    """Counts below ten are not published, zero is."""
    assert [leave.count(n) for n in (0, 1, 9, 10, 12345)] == ["0", "<10", "<10", "10", "12,345"]


def test_secrets_are_masked_in_every_form() -> None:
    """A secret is masked as it is, in base64, in URL and in JSON form."""
    secret = 'p@ss "word"/+'
    mask = leave.Mask([secret, "abc"])
    forms = [secret, base64.b64encode(secret.encode()).decode(), urllib.parse.quote(secret, safe=""), json.dumps(secret)]
    for form in forms:
        assert "word" not in mask(f"x {form} y")
    assert mask("abc stays: too short to mask without harm") == "abc stays: too short to mask without harm"
