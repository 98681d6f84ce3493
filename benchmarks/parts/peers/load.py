"""What the peers' runs share: the log as two pandas frames, and a clock."""

from __future__ import annotations

import json
import sys
import time

from parts.decisions import CATEGORIES, COLUMNS, NUMBERS, SEGMENTS

NUMERIC, CATEGORICAL = ["score", *NUMBERS], ["decision", *CATEGORIES]
WATCHED = [*NUMERIC, *CATEGORICAL]
BEGUN = time.perf_counter()


def frames():
    """(reference, current): `argv` is the folder of the log, and the start, the split and the end of the windows."""
    import pandas as pd

    folder, *moments = sys.argv[1:5]
    start, split, end = (pd.Timestamp(m) for m in moments)
    log = pd.read_parquet(folder, columns=[c for c in COLUMNS if c not in SEGMENTS])
    early, late = (log["ts"] >= start) & (log["ts"] < split), (log["ts"] >= split) & (log["ts"] < end)
    return log[early].reset_index(drop=True), log[late].reset_index(drop=True)


def say(version, values, **more):
    """The last line: what was measured, in how many seconds after the imports of pandas and the peer."""
    print(json.dumps({"version": version, "values": values, "seconds": time.perf_counter() - BEGUN, **more}, default=float))
