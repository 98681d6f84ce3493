"""The world that the demo's models live in: places, people, and the true features of who applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]
"""Columns of equal length. A category is an int8 code into its names (-1 is missing), a number is float64 (NaN is missing)."""

REGIONS: Final = ("ES", "FR", "DE", "IT", "PT", "NL")
REGION_SHARE: Final = (0.22, 0.19, 0.18, 0.16, 0.13, 0.12)
SIZES: Final = ("small", "medium", "large")
SIZE_SHARE: Final = (0.62, 0.27, 0.11)
CHANNELS: Final = ("web", "app", "partner")
AGE_BANDS: Final = ("18-29", "30-44", "45-59", "60+")
AGE_SHARE: Final = (0.21, 0.37, 0.29, 0.13)
LABELS: Final = ("card_sales", "invoice", "transfer", "instalment", "cash_advance", "credit_line")
LABEL_SHARE: Final = (0.34, 0.24, 0.16, 0.12, 0.08, 0.06)

BANKS: Final[Mapping[str, tuple[str, ...]]] = {
    "ES": ("Banco Aurora", "Caja Levante", "Banca Meseta"),
    "FR": ("Banque du Midi", "Crédit Lys", "Caisse Armor"),
    "DE": ("Elbe Bank", "Volkskasse Süd", "Hansekasse"),
    "IT": ("Banca Tirrena", "Credito Alpino", "Cassa Etna"),
    "PT": ("Banco Tejo", "Caixa Douro", "Banco Algarve"),
    "NL": ("Amstelbank", "Maaskas", "Polderbank"),
}
_FIRST: Final[Mapping[str, str]] = {
    "ES": "Carmen Javier Lucía Pablo Marta Sergio Elena Diego",
    "FR": "Camille Julien Chloé Antoine Manon Hugo Léa Mathieu",
    "DE": "Anna Lukas Lena Jonas Marie Felix Sophie Paul",
    "IT": "Giulia Marco Chiara Luca Sara Matteo Elisa Andrea",
    "PT": "Inês Tiago Beatriz Rui Joana Miguel Sofia Nuno",
    "NL": "Sanne Daan Lotte Bram Femke Sem Anouk Thijs",
}
_LAST: Final[Mapping[str, str]] = {
    "ES": "García Navarro Romero Ortega Vidal Campos Serrano Ibáñez",
    "FR": "Martin Lefèvre Moreau Girard Fontaine Roche Perrin Colin",
    "DE": "Müller Schäfer Krüger Vogel Brandt Lorenz Engel Busch",
    "IT": "Rossi Ferrari Conti Greco Marino Gallo Fontana Serra",
    "PT": "Silva Pereira Carvalho Lopes Teixeira Moreira Pinto Faria",
    "NL": "de Vries|van Dijk|Bakker|Visser|Smit|Mulder|Bos|Kuiper",
}

NUMERIC: Final = ("merchant_age_days", "avg_ticket_eur", "refund_rate", "chargebacks_90d")
"""The numeric features that the models read."""

_TICKET_MEDIAN: Final = np.array([45.0, 90.0, 210.0])
_AMOUNT_MEDIAN: Final = np.array([6_000.0, 18_000.0, 60_000.0])
_GOLDEN: Final = 0.6180339887498949


def applicants(rng: np.random.Generator, hour: Array, weekend: bool) -> Columns:
    """Who applies, and the true features, one row per entry of `hour` (0-23, UTC). Regions come later: `spread_regions`.

    At night and at weekends a little more comes through partners, whose applicants are riskier.
    """
    n = len(hour)
    size = rng.choice(3, n, p=SIZE_SHARE).astype(np.int8)
    partner = 0.12 + 0.1 * ((hour < 5) | (hour > 21)) + 0.05 * weekend
    drawn = rng.random(n)
    channel = np.where(drawn < partner, 2, np.where(drawn < partner + 0.36, 1, 0)).astype(np.int8)
    young = rng.random(n) < 0.05
    age = np.where(young, rng.uniform(0, 45, n), np.exp(6.2 + 1.05 * rng.standard_normal(n)))
    columns: Columns = {
        "merchant_size": size,
        "channel": channel,
        "age_band": rng.choice(4, n, p=AGE_SHARE).astype(np.int8),
        "amount": np.round(np.exp(np.log(_AMOUNT_MEDIAN[size]) + 0.7 * rng.standard_normal(n)), -1) + 100.0,
        "bank_label": rng.choice(6, n, p=LABEL_SHARE).astype(np.int8),
        "merchant_age_days": np.floor(np.minimum(age, 9_000)),
        "avg_ticket_eur": np.round(np.exp(np.log(_TICKET_MEDIAN[size]) + 0.6 * rng.standard_normal(n)), 2),
        "refund_rate": np.round(np.minimum(np.exp(np.log(0.025) + 0.8 * rng.standard_normal(n)), 0.9), 4),
        "chargebacks_90d": rng.poisson(0.6, n).astype(np.float64),
        "session_count_30m": rng.poisson(3.0, n).astype(np.float64),
    }
    for name in NUMERIC:
        columns[name][rng.random(n) < 0.01] = np.nan
    columns["bank_label"][rng.random(n) < 0.01] = -1
    return columns


def spread_regions(rng: np.random.Generator, hour: Array, quality: Array) -> Array:
    """Region codes for one day's rows, drawn so that every region gets the same mix of qualities.

    Within each four hours the rows, ordered by quality (up and down in turn), are dealt out along a golden-ratio
    sequence (Weyl; every stretch of it is spread evenly), so that a region that no fault touches differs from day to
    day by less than independent draws would. A log of a tenth of the rows then still tells the same story.
    """
    part = hour // 4
    order = np.lexsort((np.where(part % 2, -quality, quality), part))
    places = (rng.random() + np.arange(len(hour)) * _GOLDEN) % 1.0
    regions = np.empty(len(hour), np.int8)
    regions[order] = np.searchsorted(np.cumsum(REGION_SHARE)[:-1], places, side="right")
    return regions


def people_names() -> tuple[str, ...]:
    """Made-up names, 64 a region in the order of `REGIONS`, so that code `64 * region + k` names somebody from there."""
    names: list[str] = []
    for region in REGIONS:
        last = _LAST[region].split("|") if "|" in _LAST[region] else _LAST[region].split()
        names += [f"{a} {b}" for a in _FIRST[region].split() for b in last]
    return tuple(names)
