"""The warm path loads numbers and Parquet, and nothing that they can do without."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from support.rows import LAYOUT, rows

from mlops_tui.summaries.add import Adder
from mlops_tui.summaries.packed import Header, write

PROBE = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from mlops_tui.summaries.counts import Counts
from mlops_tui.summaries.layout import layout_from
from mlops_tui.summaries.packed import read
from mlops_tui.summaries.shapes import Shapes
from mlops_tui.summaries.summary import together

layout = layout_from(Path(sys.argv[1]).read_text())
units = [read(Path(p), encoded=True) for p in sys.argv[2:]]
start = int(datetime(2026, 10, 24, tzinfo=timezone.utc).timestamp()) // 60
reference, current = (start, start + 2 * 1440), (start + 2 * 1440, start + 4 * 1440)
told = Shapes(layout, units).distances(current, reference, [(), ("region",), ("version",)])
rates = Counts(layout, together([u.cells for u in units])).counts([reference, current], ["region"])
print(len(told), len(rates))
print(*sorted({"duckdb", "polars", "scipy", "pandas", "pyarrow.compute", "pyarrow.dataset", "numpy.ma"} & set(sys.modules)))
"""


def test_a_comparison_of_all_columns_and_groups_loads_no_engine(tmp_path):
    """From files to PSI, JS, KS and rates: no DuckDB, Polars, scipy, pandas, nor Arrow's kernels."""
    layout = replace(LAYOUT, zone="UTC")
    (tmp_path / "layout.json").write_text(layout.as_text())
    for i in range(3):
        adder = Adder(layout)
        adder.add(rows(i, 800))
        write(tmp_path / f"{i}.parquet", Header(layout=layout.key, metric_parts=len(layout.parts)), adder.summary())
    files = [tmp_path / "layout.json", *sorted(tmp_path.glob("*.parquet"))]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, files)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    counted, loaded = done.stdout.splitlines()
    told, rates = map(int, counted.split())
    assert told > 40 and rates == 10
    assert loaded == ""
