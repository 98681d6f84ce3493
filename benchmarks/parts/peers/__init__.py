"""Evidently, NannyML and whylogs on the same log, each in a virtual environment of its own.

Each reads the whole log with pandas, as its documentation does, and compares the same 22 columns of the same two windows as a
whole; none cuts by segments. NannyML computes its default distance only, which is its fastest. None of them samples.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from parts.process import Failed, Spent, spend

PINS = {
    "evidently": ("evidently==0.7.23", "pandas<3"),  # says nothing of pandas 3, which breaks its import
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3"),  # statsmodels is missing from what it asks for
    "whylogs": ("whylogs[viz]==1.6.4", "ipython", "pandas<3", "pyarrow"),  # its drift scores need both
}
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "WHYLOGS_NO_ANALYTICS": "True"}
"""No peer may send what it does to its makers."""


def python_of(folder: Path, peer: str) -> Path:
    """The interpreter of a peer's environment."""
    return folder / peer / "bin" / "python"


def install(folder: Path) -> dict[str, str]:
    """An environment for each peer that has none yet. Gives, by name, why a peer is not there: one line each."""
    folder.mkdir(parents=True, exist_ok=True)
    absent = {}
    for peer, pins in PINS.items():
        python = python_of(folder, peer)
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / peer], check=True)
        argv = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *pins]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            wrong = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            absent[peer] = wrong[0]
        elif why := unusable(folder, peer):
            absent[peer] = why
    return absent


def unusable(folder: Path, peer: str) -> str:
    """Why a peer cannot be run from this folder; empty where it can."""
    if not python_of(folder, peer).exists():
        return "not installed (--install-peers makes its environment)"
    try:
        spend("-c", f"import {peer}", python=python_of(folder, peer), **QUIET)
    except Failed as error:
        return str(error).strip().rpartition("\n")[2]
    return ""


def run(folder: Path, peer: str, log: Path, moments: tuple[str, str, str]) -> Spent:
    """One whole process of a peer on this log; `moments` are the start, the split and the end of the windows."""
    return spend("-m", f"parts.peers.{peer}_run", str(log), *moments, python=python_of(folder, peer), **QUIET)
