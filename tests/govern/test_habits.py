"""Which column is what, in logs of different habits."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from support.habits import rows, write

from mlops_tui.core.errors import LogError
from mlops_tui.govern.guesses import Guesses


def roles(g: Guesses) -> dict[str, str | None]:
    """The columns of the single roles."""
    names = ("time", "id", "version", "score", "decision", "label", "latency", "cost")
    return {r: found.value if (found := getattr(g, r)) is not None else None for r in names}


def test_a_log_of_our_own_form(guessed):
    """decision_id, ts, model_version, segments, features, score, decision, label: each in its role, with its type."""
    r = rows()
    g = guessed(
        {
            "decision_id": range(r.n),
            "ts": pa.array([m.replace(tzinfo=None) for m in r.moments]),
            "model_version": ["m-1"] * r.n,
            "region": r.region,
            "income": r.income,
            "tenure": r.tenure,
            "member": r.tenure > 4,
            "plan": np.where(r.random.random(r.n) < 0.1, None, "basic"),
            "score": r.p.astype(np.float32),
            "decision": (r.p > 0.6).astype(np.int8),
            "label": r.good.astype(np.int8),
        }
    )
    assert roles(g) == {
        "time": "ts", "id": "decision_id", "version": "model_version", "score": "score", "decision": "decision",
        "label": "label", "latency": None, "cost": None,
    }  # fmt: skip
    assert list(g.rest.segments) == ["region"]
    types = {n: f.value for n, f in g.rest.features.items()}
    assert types == {"region": "categorical", "income": "numeric", "tenure": "numeric", "member": "boolean"}
    assert g.rest.ignored == {"plan": "always basic"}
    assert (g.meaning.positive.value, g.meaning.good.value, g.meaning.high_is_good) == ("1", "1", True)
    assert g.meaning.cut is not None
    assert g.meaning.cut.simple == "0.6"


def test_spanish_text_with_a_label_that_only_approvals_have(guessed):
    """Columns and values in Spanish; e-mail addresses are sensitive; the label is known for approvals only."""
    r = rows()
    decision = np.where(r.p > 0.5, "aprobado", "rechazado")
    paid = ["" if d == "rechazado" else "si" if g else "no" for d, g in zip(decision, r.good, strict=True)]
    g = guessed(
        {
            "id_solicitud": [f"S-{i:05d}" for i in range(r.n)],
            "fecha": r.text("%Y-%m-%d %H:%M:%S"),
            "versión_modelo": ["2026.8" if i < r.n / 2 else "2026.9" for i in range(r.n)],
            "región": r.region,
            "ingresos": r.income.round(2),
            "puntuación": r.p.round(4),
            "resolución": decision,
            "pagado": paid,
            "correo": [f"p{i}@ejemplo.es" for i in range(r.n)],
        },
        "solicitudes.csv",
    )
    assert roles(g) == {
        "time": "fecha", "id": "id_solicitud", "version": "versión_modelo", "score": "puntuación", "decision": "resolución",
        "label": "pagado", "latency": None, "cost": None,
    }  # fmt: skip
    assert (g.meaning.positive.value, g.meaning.good.value, g.meaning.only_when.value) == ("aprobado", "si", "aprobado")
    assert list(g.sensitive) == ["correo"]
    assert list(g.rest.features) == ["región", "ingresos"]


def test_german_with_semicolons_and_neither_score_nor_label_nor_version(guessed):
    """What is not there is not guessed; free text is text; an offset in the times makes the zone plain."""
    r = rows()
    g = guessed(
        {
            "antragsnummer": range(r.n),
            "zeitpunkt": r.text("%Y-%m-%dT%H:%M:%S+02:00"),
            "bewilligt": (r.p > 0.5).astype(int),
            "filiale": np.array(["Köln", "Mainz", "Trier"])[r.tenure % 3],
            "einkommen": r.income.round(2),
            "bemerkung": [f"Kunde bat um Rückruf wegen Vertrag {i} und möchte mehr erfahren" for i in range(r.n)],
        },
        "antraege.csv",
        delimiter=";",
    )
    assert roles(g) == {
        "time": "zeitpunkt", "id": "antragsnummer", "version": None, "score": None, "decision": "bewilligt",
        "label": None, "latency": None, "cost": None,
    }  # fmt: skip
    assert g.rest.features["bemerkung"].value == "text"
    assert list(g.rest.segments) == ["filiale"]
    assert g.moments.form == "aware"


def test_french_names_with_spaces(guessed):
    """Names with spaces and accents are read as words; first names are sensitive however few they are."""
    r = rows()
    g = guessed(
        {
            "Numéro de demande": [f"D{i}" for i in range(r.n)],
            "Date et heure": r.text("%Y-%m-%d %H:%M:%S"),
            "Décision": np.where(r.p > 0.5, "accepté", "refusé"),
            "Région": r.region,
            "Probabilité": r.p.round(4),
            "Remboursé": np.where(r.good, "oui", "non"),
            "Prénom": np.array(["Luc", "Ana", "Zoé"])[r.tenure % 3],
        },
        "journal.csv",
    )
    assert roles(g)["decision"] == "Décision"
    assert (g.meaning.positive.value, g.meaning.good.value) == ("accepté", "oui")
    assert list(g.sensitive) == ["Prénom"]
    assert list(g.rest.segments) == ["Région"]


def test_json_lines_in_camel_case_with_unix_milliseconds(guessed):
    """`isApproved: true`, times in milliseconds, a latency, a person's name, a nested value that is not read."""
    r = rows()
    g = guessed(
        {
            "requestId": [f"{i * 7919:032x}" for i in range(r.n)],
            "eventTime": [int(m.timestamp() * 1000) for m in r.moments],
            "modelScore": r.p.round(5),
            "isApproved": r.p > 0.4,
            "countryCode": np.array(["DE", "FR"])[r.tenure % 2],
            "latencyMs": r.random.gamma(3, 10, r.n).round(1),
            "customerName": [f"Anna {chr(65 + i % 26)}schmidt" for i in range(r.n)],
            "context": [{"a": i} for i in range(r.n)],
        },
        "part-0.jsonl.gz",
    )
    assert roles(g) == {
        "time": "eventTime", "id": "requestId", "version": None, "score": "modelScore", "decision": "isApproved",
        "label": None, "latency": "latencyMs", "cost": None,
    }  # fmt: skip
    assert g.moments.unit == "milliseconds"
    assert (g.meaning.positive.value, g.meaning.cut.simple) == ("true", "0.4")
    assert list(g.sensitive) == ["customerName"]
    assert "nested" in g.rest.ignored["context"]


def test_fraud_in_hive_folders_with_many_times(tmp_path, guessed):
    """The moment of the transaction among four times; a risk's score is bad when high; a folder's key is a segment, and
    one of the calendar is not; identifiers and what is known late are no inputs."""
    r = rows(8_000, days=40)
    risk = (1 - r.p).round(3)
    late = r.moments[-1] - timedelta(days=14)
    columns = {
        "txn_id": np.arange(r.n) + 10**9,
        "created_at": np.array(r.moments, dtype=object),
        "ingested_at": np.array([m + timedelta(minutes=7) for m in r.moments], dtype=object),
        "label_observed_at": np.array([m + timedelta(days=9) for m in r.moments], dtype=object),
        "merchant_id": np.array([f"m{v}" for v in r.random.integers(0, 900, r.n)]),
        "mcc_code": np.array([5411, 5812, 4111, 5999])[r.tenure % 4],
        "amount": r.income.round(2),
        "model": np.where(np.arange(r.n) < 4_000, "fraud-v3", "fraud-v4"),
        "risk_score": (risk * 1000).round().astype(int),
        "action": np.where(risk > 0.8, "block", np.where(risk > 0.6, "review", "allow")),
        "is_fraud": np.array([None if m > late else int(not g) for m, g in zip(r.moments, r.good, strict=True)], dtype=object),
        "ip_address": np.array([f"10.{v % 256}.{v // 256 % 256}.7" for v in r.random.integers(0, 65_000, r.n)]),
    }
    for market in (0, 1):
        for part in range(8):
            chosen = [i for i in range(part * 1000, (part + 1) * 1000) if i % 2 == market]
            some = {n: pa.array(np.asarray(c)[chosen].tolist()) for n, c in columns.items()}
            write(tmp_path / f"logs/market={'eu' if market else 'us'}/dt=2026-08-{part + 1:02}/part.parquet", some)
    g = guessed(None, "logs/**/*.parquet")
    assert roles(g) == {
        "time": "created_at", "id": "txn_id", "version": "model", "score": "risk_score", "decision": "action",
        "label": "is_fraud", "latency": None, "cost": None,
    }  # fmt: skip
    assert (g.meaning.positive.value, g.meaning.good.value, g.meaning.high_is_good) == ("allow", "0", False)
    assert (g.meaning.cut.simple, g.meaning.cut.above) == ("600", False)
    assert set(g.rest.segments) == {"market", "mcc_code"}
    assert {n: f.value for n, f in g.rest.features.items()} == {"mcc_code": "categorical", "amount": "numeric"}
    assert list(g.sensitive) == ["ip_address"]
    assert {"ingested_at", "label_observed_at", "merchant_id", "dt"} <= set(g.rest.ignored)


def test_names_that_say_nothing(guessed):
    """Where names say nothing contents do: order, uniqueness, runs, and the cut of one column that tells another."""
    r = rows(9_000)
    g = guessed(
        {
            "c0": range(r.n),
            "c1": pa.array([m.replace(tzinfo=None) for m in r.moments]),
            "c2": [f"m{1 + i // 3000}" for i in range(r.n)],
            "c3": r.region,
            "c4": r.income,
            "c5": r.p,
            "c6": (r.p > 0.55).astype(np.int8),
            "c7": pa.array([int(g) if p > 0.55 else None for g, p in zip(r.good, r.p, strict=True)], pa.int8()),
            "c8": r.random.random(r.n) < 0.3,
        }
    )
    assert roles(g) == {
        "time": "c1", "id": "c0", "version": "c2", "score": "c5", "decision": "c6", "label": "c7", "latency": None,
        "cost": None,
    }  # fmt: skip
    assert (list(g.rest.segments), list(g.rest.features)) == (["c3"], ["c3", "c4", "c8"])
    assert "one cut of c5 tells it" in g.decision.why


def test_an_input_that_sounds_like_the_label_is_an_input(guessed):
    """History (`repaid_loan_on_prev_car`, `previous_default`, `credit_score`) is told from what came of it."""
    r = rows()
    g = guessed(
        {
            "date": r.text("%Y-%m-%d %H:%M:%S"),
            "repaid_loan_on_prev_car": r.tenure > 3,
            "previous_default": (r.tenure > 6).astype(int),
            "credit_score": (600 + 100 * r.random.normal(size=r.n)).round().astype(int),
            "fraud_score": (1 - r.p).round(4),
            "decision": (r.p < 0.3).astype(int),
            "label": (~r.good).astype(int),
        },
        "log.csv",
    )
    assert (roles(g)["score"], roles(g)["decision"], roles(g)["label"]) == ("fraud_score", "decision", "label")
    assert {"repaid_loan_on_prev_car", "previous_default", "credit_score"} <= set(g.rest.features)
    assert (g.meaning.good.value, g.meaning.high_is_good) == ("0", False)


def test_outcomes_in_words(guessed):
    """`Fully Paid` and `Charged Off` are outcomes; what is known for refusals only was said after the decision."""
    r = rows()
    g = guessed(
        {
            "issue_date": r.moments,
            "grade": np.array(list("ABC"))[r.tenure % 3],
            "approved": np.where(r.p > 0.45, "Y", "N"),
            "decline_code": pa.array([None if p > 0.45 else f"D{int(10 * p)}" for p in r.p]),
            "p_default": 1 - r.p,
            "loan_status": np.where(r.good, "Fully Paid", "Charged Off"),
        }
    )
    assert (roles(g)["score"], roles(g)["decision"], roles(g)["label"]) == ("p_default", "approved", "loan_status")
    assert (g.meaning.positive.value, g.meaning.good.value, g.meaning.high_is_good) == ("Y", "Fully Paid", False)
    assert "after the decision" in g.rest.ignored["decline_code"]


def test_only_a_day_in_the_folders_names(tmp_path, guessed):
    """A partition's date is the time where the rows have none."""
    r = rows(2_000, days=10)
    for day in range(10):
        some = slice(day * 200, (day + 1) * 200)
        columns = {"request_id": [f"r{i}" for i in range(2000)[some]], "score": r.p[some], "decision": r.p[some] > 0.5}
        write(tmp_path / f"logs/date=2026-08-{day + 1:02}/part.parquet", columns)
    g = guessed(None, "logs/**/*.parquet")
    assert (g.time.value, g.moments.form) == ("date", "date")
    assert "by the hour" in g.time.why


def test_no_decision_is_said_and_something_stands_in(guessed):
    """A log of scores alone: the decision is not invented, and a column of few values keeps the file whole."""
    r = rows()
    g = guessed({"scored_at": r.moments, "version": ["1.10"] * r.n, "churn_probability": r.p, "plan": r.region})
    assert g.decision is None
    assert g.declared.column == "plan"
    assert (g.meaning.high_is_good, g.meaning.means.sure) == (False, False)


def test_a_log_without_times_is_refused_with_what_was_seen(guessed):
    """Dates that nobody can read are named, with an example and the forms that can be."""
    r = rows(200)
    with pytest.raises(LogError, match=r"fecha \(such as '\d\d/\d\d/2026'\)") as caught:
        guessed({"fecha": r.text("%d/%m/%Y"), "score": r.p}, "log.csv")
    assert "ISO 8601" in caught.value.hint
    with pytest.raises(LogError, match="its columns are score"):
        guessed({"score": r.p}, "log.csv")


def test_a_log_without_rows_is_refused(guessed):
    """An empty table is a log that tells nothing."""
    with pytest.raises(LogError, match="no rows"):
        guessed({"ts": pa.array([], pa.timestamp("us")), "score": pa.array([], pa.float64())})


def test_the_same_log_gives_the_same_guesses(guessed):
    """The sample is chosen by what is in the rows: a second look says the same, word for word."""
    r = rows(70_000)
    columns = {"ts": r.moments, "region": r.region, "score": r.p, "decision": r.p > 0.5}
    first, second = guessed(columns), guessed(None)
    assert first.profile.sampled < r.n
    for role in ("time", "score", "decision", "meaning", "rest"):
        assert getattr(first, role) == getattr(second, role)
