"""Columns as Arrow tables, as the logs keep them: text, not codes; nulls, not NaN; times in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_tui.simulate.days import Day
from mlops_tui.simulate.source import KINDS
from mlops_tui.simulate.world import AGE_BANDS, BANKS, CHANNELS, LABELS, REGIONS, SIZES, Array, Columns, people_names

_PEOPLE: Final = pa.array(people_names())
_DECIDED: Final = pa.array(["rejected", "approved"])
_CALLED: Final = pa.array(["letter", "call"])
_NAMES: Final = {
    "region": pa.array(REGIONS),
    "merchant_size": pa.array(SIZES),
    "channel": pa.array(CHANNELS),
    "age_band": pa.array(AGE_BANDS),
    "bank_label": pa.array(LABELS),
    "bank": pa.array([bank for region in REGIONS for bank in BANKS[region]]),
    "kind": pa.array(KINDS),
}
_WHOLE: Final = ("merchant_age_days", "chargebacks_90d", "session_count_30m", "days_late")


def decisions(day: Day) -> Any:
    """The credit-risk log of a day."""
    columns = day.columns
    return pa.table(
        {
            "application_id": ids("cr-", day.first + np.arange(len(day.times))),
            "ts": times(day.times),
            "model_version": versions(day),
            **_pick(columns, ("region", "merchant_size", "channel", "age_band")),
            "applicant_name": text(columns["applicant"], _PEOPLE),
            **_pick(columns, ("amount", "score")),
            "decision": text(columns["approved"].astype(np.int8), _DECIDED),
            **_pick(columns, ("merchant_age_days", "bank_label", "avg_ticket_eur", "refund_rate", "chargebacks_90d")),
            **_pick(columns, ("session_count_30m", "overridden", "complained", "reviewed")),
            "overturned": pa.array(columns["overturned"] == 1, mask=columns["overturned"] < 0),
            **_pick(columns, ("latency_ms", "cost_usd")),
        }
    )


def feed(day: Day) -> Any:
    """The bank_feed log of a day."""
    columns = day.columns
    return pa.table(
        {
            "event_id": ids("bf-", day.first + np.arange(len(day.times))),
            "received_at": times(day.times),
            **_pick(columns, ("region", "merchant_size")),
            "merchant_id": ids("m-", columns["merchant"]),
            **_pick(columns, ("bank", "kind", "bank_label", "amount_eur")),
        }
    )


def collections(day: Day) -> Any:
    """The collections-priority log of a day."""
    columns = day.columns
    return pa.table(
        {
            "case_id": ids("cp-", day.first + np.arange(len(day.times))),
            "ts": times(day.times),
            "model_version": versions(day),
            **_pick(columns, ("region", "merchant_size", "days_late")),
            "amount_due": pa.array(columns["amount"]),
            **_pick(columns, ("score",)),
            "decision": text(columns["call"].astype(np.int8), _CALLED),
            **_pick(columns, ("merchant_age_days", "bank_label", "avg_ticket_eur", "refund_rate", "chargebacks_90d")),
            **_pick(columns, ("latency_ms", "cost_usd")),
        }
    )


def outcomes(columns: Columns) -> Any:
    """Outcomes, as they were observed."""
    return pa.table(
        {
            "application_id": ids("cr-", columns["row"]),
            "observed_at": times(columns["observed_at"]),
            "repaid": pa.array(columns["repaid"]),
            "amount": pa.array(columns["amount"]),
        }
    )


def _pick(columns: Columns, names: Sequence[str]) -> dict[str, Any]:
    return {name: _column(name, columns[name]) for name in names}


def _column(name: str, values: Array) -> Any:
    if name in _NAMES:
        return text(values, _NAMES[name])
    if name in _WHOLE:
        return pa.array(np.nan_to_num(values).astype(np.int32), mask=np.isnan(values))
    return pa.array(values, mask=np.isnan(values)) if values.dtype.kind == "f" else pa.array(values)


def text(codes: Array, names: Any) -> Any:
    """Codes into an Arrow array of names as text; -1 is null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)


def versions(day: Day) -> Any:
    """The version of each row as text (a version is a name, even where it looks like a number)."""
    codes = np.repeat(np.arange(len(day.versions), dtype=np.int8), [count for _, count in day.versions])
    return text(codes, pa.array([name for name, _ in day.versions], pa.string()))


def times(millis: Array) -> Any:
    """Milliseconds since the epoch as UTC times."""
    return pa.array(millis, pa.timestamp("ms", tz="UTC"))


def ids(prefix: str, numbers: Array) -> Any:
    """`cr-00000042` for 42."""
    digits = pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")
