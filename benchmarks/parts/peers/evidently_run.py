"""Evidently's DataDriftPreset with its defaults: one method a column, chosen by its kind and the number of rows."""

from __future__ import annotations

import evidently
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from parts.peers import load

reference, current = load.frames()
definition = DataDefinition(numerical_columns=load.NUMERIC, categorical_columns=load.CATEGORICAL)
sides = [Dataset.from_pandas(side, data_definition=definition) for side in (current, reference)]
snapshot = Report([DataDriftPreset(columns=load.WATCHED)]).run(*sides)
found = {m["metric_name"]: m["value"] for m in snapshot.dict()["metrics"] if m["metric_name"].startswith("ValueDrift(")}
load.say(evidently.__version__, found)
