"""NannyML's UnivariateDriftCalculator with its defaults (Jensen-Shannon), the current window as one chunk."""

from __future__ import annotations

import nannyml

from parts.peers import load

reference, current = load.frames()
calculator = nannyml.UnivariateDriftCalculator(
    column_names=load.WATCHED, treat_as_categorical=load.CATEGORICAL, timestamp_column_name="ts", chunk_number=1
)
calculator.fit(reference)
found = calculator.calculate(current).filter(period="analysis").to_df()
values = {c[0]: float(found[c].iloc[0]) for c in found.columns if c[1:] == ("jensen_shannon", "value")}
load.say(nannyml.__version__, values)
