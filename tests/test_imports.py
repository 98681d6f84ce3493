"""The house's rules: who may import whom, and what the cheap commands must not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("textual", "duckdb", "polars", "sqlglot", "scipy", "slack_sdk", "numpy", "pyarrow", "vl_convert", "jinja2")

PROBE = """
import sys
from mlops_tui.main import main
code = main(sys.argv[2:])
print("LOADED", *sorted(set(sys.argv[1].split(",")) & {m.split(".")[0] for m in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["--version"], [], ["run", "--help"], ["check", "--help"], ["demo", "--help"], ["outbox", "flush", "--help"]],
)
def test_help_loads_nothing_heavy(argv):
    """Help comes at once: no engine, no numbers, no charts, no Slack, no app in the process."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, ",".join(HEAVY), *argv], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "LOADED"


def test_a_warm_question_loads_no_engine(tmp_path):
    """`runbook drift` from summaries that are up to date: no DuckDB, no Polars, no SciPy in the process."""
    root = tmp_path / "log"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks")}
    made = [sys.executable, "-m", "parts.decisions", root, "400000", "--days", "5,2"]
    subprocess.run(made, env=environ, capture_output=True, timeout=120, check=True)
    argv = [sys.executable, "-c", PROBE, "duckdb,polars,scipy,sqlglot", "--project", root, "drift", "credit", "--json"]
    cold, warm = (subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True) for _ in range(2))
    assert json.loads(warm.stdout)["answered_from"] == "summaries"
    assert warm.stdout == cold.stdout
    assert warm.stderr.strip() == "LOADED"


def test_help_imports_no_command():
    """`runbook --help` lists the commands without importing one of them."""
    probe = (
        "import sys; from mlops_tui.main import main; main(['--help']);"
        "print([m for m in sys.modules if m.startswith('mlops_tui.cli.commands.')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"


def test_every_room_keeps_to_its_floor():
    """The import contracts of pyproject.toml hold: layers, and the machine that knows no world."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
