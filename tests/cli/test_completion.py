"""Completion in a shell: what it offers, in real bash too, and that it is quick because it imports little."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem

from mlops_tui.cli.complete import Bash, script
from mlops_tui.cli.root import COMMANDS
from mlops_tui.cli.root import runbook as root

PROJECT = Path(__file__).parents[2]
HEAVY = {"duckdb", "numpy", "pyarrow", "polars", "scipy", "textual", "slack_sdk", "vl_convert", "jinja2"}
CALL = "import sys; sys.argv[0] = 'runbook'; from mlops_tui.main import main; code = main([]); "


def asked(shell: str, words: list[str], after: str = "sys.exit(code)") -> subprocess.CompletedProcess[str]:
    """What a fresh process answers to a shell, the cursor at the last word."""
    at = words[-1] if shell == "fish" else str(len(words) - 1)
    told = {"COMP_WORDS": " ".join(w or "''" for w in words), "COMP_CWORD": at, "_RUNBOOK_COMPLETE": f"{shell}_complete"}
    return subprocess.run(
        [sys.executable, "-c", CALL + after], env=os.environ | told, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def offered(shell: str, *words: str) -> list[str]:
    done = asked(shell, ["runbook", *words])
    assert done.returncode == 0, done.stderr
    return [line.split(",", 1)[1].split("\t")[0] for line in done.stdout.split("\n") if "," in line]


def test_commands_are_offered():
    """All of them, in the order of the help."""
    assert offered("bash", "") == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["model", "cr"], ["credit-risk"]),
        (["check", "credit-risk", "c"], ["credit-risk", "collections-priority"]),
        (["run", "appr"], ["approval-drop"]),
        (["run", "approval-drop", "--set", "r"], ["region="]),
        (["run", "approval-drop", "--set", "region=E"], ["region=ES"]),
        (["lint", "inv"], ["inventory"]),
        (["outbox", "f"], ["flush"]),
        (["schema", "i"], ["inventory"]),
        (["incident", "INC"], []),
        (["run", "approval-drop", "--incident", "n"], ["new"]),
    ],
)
def test_names_of_the_project_are_offered(words, found):
    """Models, runbooks, incidents, inputs and their values, from the project of the folder."""
    assert offered("fish", *words) == found


def test_bash_cuts_words_at_the_equals_sign():
    """`--set region=E` reaches us as three words; what goes back begins where bash has cut."""
    assert offered("bash", "run", "approval-drop", "--set", "region", "=", "E") == ["ES"]
    assert "ES" in offered("bash", "run", "approval-drop", "--set", "region", "=")


def test_an_answer_imports_nothing_heavy():
    """The process that answers a shell loads no engine and no numbers."""
    done = asked(
        "bash",
        ["runbook", "run", "approval-drop", "--set", "region", "=", "E"],
        after=("import json; print(); print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"),
    )
    loaded = set(json.loads(done.stdout.strip().split("\n")[-1]))
    assert not loaded & HEAVY


def test_an_instruction_that_nobody_knows_is_refused(monkeypatch, runbook):
    """A stray variable does not run a command."""
    monkeypatch.setenv("_RUNBOOK_COMPLETE", "tcsh_complete")
    assert runbook("models").code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_by_our_variable(shell, runbook):
    """What is printed calls `runbook` back with the variable that is looked for."""
    said = runbook("completion", shell)
    assert said.code == 0
    assert f"_RUNBOOK_COMPLETE={shell}_complete" in said.out


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_real_bash_completes(tmp_path):
    """Sourced into bash, the script fills COMPREPLY."""
    home = Path(sys.executable).parent
    lines = [
        'eval "$(runbook completion bash)"',
        'COMP_WORDS=(runbook model c); COMP_CWORD=2; COMPREPLY=(); _runbook_completion runbook; echo "${COMPREPLY[@]}"',
    ]
    env = {"PATH": f"{home}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["credit-risk", "collections-priority"], done.stderr


@pytest.mark.parametrize("typed", ["region", '"region', "'region"])
def test_bash_gets_one_word_of_any_value(monkeypatch, capsys, typed):
    """bash puts a candidate in as it stands: blanks and signs are escaped, except where a quote is open."""
    monkeypatch.setenv("COMP_WORDS", f"runbook\nrun\n{typed}")
    monkeypatch.setenv("COMP_CWORD", "2")
    completer = Bash(root, {}, "runbook", "_RUNBOOK_COMPLETE")
    completer.get_completion_args()
    given = completer.format_completion(CompletionItem("region=New York (NY) $5 €"))
    assert given == (
        "plain,region=New\\ York\\ \\(NY\\)\\ \\$5\\ €" if typed == "region" else "plain,region=New York (NY) $5 €"
    )


def test_fish_splits_at_the_first_comma_alone():
    """A value with a comma arrives whole."""
    assert 'string split -m 1 "," $completion' in script("fish", "runbook")
