"""A log's columns at a first look: counts over what was read, and the values of a sample."""

# ruff: noqa: S608 (names pass through `ident`)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.errors import LogError
from mlops_tui.govern.words import tokens
from mlops_tui.logs.literals import ident
from mlops_tui.logs.undeclared import UndeclaredLog

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

Kind = Literal["number", "boolean", "text", "time", "nested", "other"]
SAMPLE = 30_000
"""Rows of the sample, about."""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_FLOATS = ("FLOAT", "DOUBLE")


def kind_of(type_: str) -> Kind:
    """What a DuckDB type holds."""
    if type_ in _NUMBERS or type_ in _FLOATS or type_.startswith("DECIMAL"):
        return "number"
    if type_.startswith(("TIMESTAMP", "DATE")):
        return "time"
    if type_.endswith("]") or type_.startswith(("STRUCT", "MAP", "UNION", "JSON", "VARIANT")):
        return "nested"
    if type_ == "VARCHAR" or type_.startswith(("ENUM", "UUID")):
        return "text"
    return "boolean" if type_ == "BOOLEAN" else "other"


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, whether only folders' names hold it, rows looked at and those that hold a value, how many
    different values (about), the lowest and highest as text; and the sample's values."""

    name: str
    type: str
    partition: bool
    rows: int
    present: int
    distinct: int
    low: str | None
    high: str | None
    sample: pa.ChunkedArray = field(repr=False, compare=False)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return tokens(self.name)

    @property
    def joined(self) -> str:
        """The words of its name, joined."""
        return "_".join(self.words)

    @cached_property
    def kind(self) -> Kind:
        """What it holds; text whose every value is a number (no leading zeros) is a number."""
        found = kind_of(self.type)
        if found == "text" and self.frequencies and all(map(_number, self.frequencies)):
            return "number"
        return found

    @property
    def missing(self) -> float:
        """The share of rows without a value."""
        return 1 - self.present / self.rows if self.rows else 1.0

    @property
    def constant(self) -> bool:
        """Whether it holds at most one value."""
        return self.distinct <= 1

    @cached_property
    def _coded(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """The different values of the sample as text, and each row's index among them; -1 where it is missing, as NaN is."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self.sample
        if kind_of(self.type) in ("nested", "other"):
            return [], np.empty(0, dtype=np.int64)
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        encoded = pc.cast(values, pa.string()).combine_chunks().dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        return encoded.dictionary.to_pylist(), np.asarray(codes, dtype=np.int64)

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """A number for each row's value, the same for the same value; -1 where it is missing."""
        return self._coded[1]

    def code(self, value: str) -> int:
        """The number of a value in `codes`; -2 for one that the sample does not hold."""
        labels = self._coded[0]
        return labels.index(value) if value in labels else -2

    @cached_property
    def frequencies(self) -> Mapping[str, int]:
        """How often each value stands in the sample, the most frequent first."""
        import numpy as np

        labels, codes = self._coded
        counts = np.bincount(codes[codes >= 0], minlength=len(labels)).tolist() if labels else []
        return dict(sorted(zip(labels, counts, strict=True), key=lambda item: (-item[1], item[0])))

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """The sample as numbers, missing values as NaN; only of numbers and booleans."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self.sample
        if kind_of(self.type) == "text":
            labels, codes = self._coded
            read = np.array([float(t) if _number(t) else np.nan for t in labels] + [np.nan])
            out_of_text: npt.NDArray[np.float64] = read[codes]
            return out_of_text
        if pa.types.is_boolean(values.type):
            values = pc.cast(values, pa.int8())
        out: npt.NDArray[np.float64] = np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
        return out

    @cached_property
    def whole(self) -> bool:
        """Whether every number of the sample is whole."""
        import numpy as np

        known = self.numbers[np.isfinite(self.numbers)]
        return bool(len(known)) and bool(np.all(known == np.rint(known)))

    @property
    def unique(self) -> bool:
        """Whether no value of the sample stands there twice, nor (about) in the whole."""
        return len(self.frequencies) == len(self.codes) > 0 and self.distinct >= 0.8 * self.rows


@dataclass(frozen=True)
class Profile:
    """The columns of a log in their order; rows and files as far as known, and what could not be read."""

    columns: Mapping[str, Column]
    rows: int
    sampled: int
    total_rows: int | None
    total_files: int
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, *kinds: Kind) -> list[Column]:
        """The columns of these kinds."""
        return [c for c in self.columns.values() if c.kind in kinds]


def take(log: UndeclaredLog) -> Profile:
    """The profile of a log. Raises LogError where it has no rows."""
    counted = _counted(log)
    rows = counted[0]
    if not rows:
        raise LogError("its files hold no rows", where=log.manifest.pattern)
    names = list(log.columns)
    plain = [c for c in names if kind_of(log.columns[c]) not in ("nested", "other")]
    table = log.arrow(log.sample(SAMPLE))
    columns: dict[str, Column] = {}
    for i, name in enumerate(names):
        present, distinct, low, high = counted[1 + 4 * i : 5 + 4 * i]
        held = table.column(name) if name in plain else table.column(name).slice(0, 0)
        columns[name] = Column(name, log.columns[name], name in log.partitions, rows, present, distinct, low, high, held)
    unreadable = tuple(f"{f.shown}: {f.problem}" for f in log.unreadable)
    return Profile(columns, rows, table.num_rows, log.total_rows, log.total_files, unreadable, log.notes)


def _counted(log: UndeclaredLog) -> tuple[Any, ...]:
    """Rows, then for each column: values, different values, lowest and highest as text."""
    items = ["count(*)"]
    for name, type_ in log.columns.items():
        raw = ident(name)
        if kind_of(type_) in ("nested", "other"):
            items += [f"count({raw})", "0", "NULL", "NULL"]
            continue
        held = f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END" if type_ in _FLOATS else raw
        # text may be long, and its least value says little
        ends = ["NULL", "NULL"] if kind_of(type_) == "text" else [f"CAST({f}({held}) AS VARCHAR)" for f in ("min", "max")]
        items += [f"count({held})", f"approx_count_distinct({held})", *ends]
    return log.rows(f"SELECT {', '.join(items)} FROM {ident(log.name)}")[0]


def _number(text: str) -> bool:
    body = text.lstrip("+-")
    if len(body) > 1 and body[0] == "0" and body[1].isdigit():
        return False
    try:
        return float(text) == float(text)
    except ValueError:
        return False
