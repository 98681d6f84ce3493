"""Names as words."""

from __future__ import annotations

import pytest

from mlops_tui.govern.lines import scalar
from mlops_tui.govern.words import spoken, tokens


@pytest.mark.parametrize(
    "name", ["modelVersion", "model_version", "MODEL VERSION", "Model-Version", "model.version", "ModelVersion"]
)
def test_spelling_does_not_matter(name: str) -> None:
    """Snake, camel, spaces, capitals: the same two words."""
    assert tokens(name) == ("model", "version")


def test_accents_and_numbers() -> None:
    """Accents fall away, a number at the end is a word of its own."""
    assert tokens("Numéro_de_crédit") == ("numero", "de", "credit")
    assert tokens("score2") == ("score", "2")
    assert tokens("Größe") == ("grosse",)


def test_values_are_known_by_their_words_and_as_a_whole() -> None:
    """`Charged Off` is both its words and the one that they make."""
    assert {"charged", "off", "charged_off"} <= spoken("Charged Off")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("region", "region"),
        ("probability of the good outcome (label 1)", "probability of the good outcome (label 1)"),
        ("true", '"true"'),
        ("No", '"No"'),
        ("1", '"1"'),
        ("a: b", '"a: b"'),
        ("x #y", '"x #y"'),
        ("línea\nnueva", '"línea\\nnueva"'),
        ("\x07", '"\\u0007"'),
        ("", '""'),
    ],
)
def test_only_what_must_be_is_quoted(value: str, written: str) -> None:
    """A value that YAML would read as something else stands in quotes, control characters as escapes."""
    assert scalar(value) == written
