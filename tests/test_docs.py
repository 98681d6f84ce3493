"""The documentation holds: every page that is made is up to date, every example is read or run, every table is complete."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from support.front import CLOCK, Script, states

from mlops_tui.cli.root import COMMANDS, runbook
from mlops_tui.core.canonical import pretty
from mlops_tui.core.finding import Finding, from_json
from mlops_tui.core.settings import Actor
from mlops_tui.engine.kinds import params_types
from mlops_tui.engine.lint import lint_runbook
from mlops_tui.engine.runbook import InputSpec, RunbookHead, parse_runbook
from mlops_tui.incidents.vocabulary import EVENT_TYPES
from mlops_tui.inventory import lint as lint_inventory
from mlops_tui.inventory import load, types
from mlops_tui.journal import Journal
from mlops_tui.project import open_project
from mlops_tui.session.check import check
from mlops_tui.session.demo import demo
from mlops_tui.session.lint import lint
from mlops_tui.session.runs import run

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", *(ROOT / "examples").rglob("*.md")])
FORMATS = (DOCS / "formats.md").read_text()
AT = "2026-10-14T03:20Z"


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def section(text: str, title: str) -> str:
    level = title.split(" ")[0]
    return re.split(rf"^#{{1,{len(level)}}} ", text.split(f"\n{title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def keys_told(text: str) -> set[str]:
    """The keys in the first column of a section's tables."""
    rows = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row)}


def generated() -> Any:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with few rows."""
    target = tmp_path_factory.mktemp("docs") / "demo"
    demo(target, rows=300_000)
    return target


# -- pages made from the code


@pytest.mark.parametrize("page", ["steps.md", "checks.md", "formats.md"])
def test_a_page_that_is_made_is_up_to_date(page: str) -> None:
    """When this fails, run `make docs` and read what changed. (docs/cli.md is compared beside the commands.)"""
    assert (DOCS / page).read_text() == generated().PAGES[page]()


# -- links and names


def anchors(page: Path) -> set[str]:
    heads = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^a-z0-9 _-]", "", h.lower()).strip().replace(" ", "-") for h in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files and anchors that a page links to exist."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_every_command_that_is_named_exists() -> None:
    """In the pages, in hints and in docstrings, what follows `runbook` in code is a command of this version."""
    sources = [*PAGES, ROOT / "CHANGELOG.md", *(ROOT / "mlops_tui").rglob("*.py"), *(ROOT / "mlops_tui").rglob("*.j2")]
    named = {
        (word, path.relative_to(ROOT).as_posix())
        for path in sources
        for word in re.findall(r"(?:`|hint=f?\")runbook ([a-z]+)\b", path.read_text())
    }
    assert [n for n in sorted(named) if n[0] not in COMMANDS] == []


def test_the_architecture_names_every_room() -> None:
    """A row for each package of mlops_tui, in the order of the import contract."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = next(c for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "layers")["layers"]
    rooms = [name for layer in layers for name in re.findall(r"[a-z]+", layer)]
    told = re.findall(r"^\| `([a-z]+)` \|", (DOCS / "architecture.md").read_text(), re.MULTILINE)
    assert told == rooms


def test_every_dependency_has_its_reason() -> None:
    """docs/decisions.md has a row for each declared dependency: what for, a dated release, what else was weighed."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*config["project"]["dependencies"], *config["dependency-groups"]["dev"], *config["build-system"]["requires"]]
    for extra in config["project"].get("optional-dependencies", {}).values():
        declared += extra
    names = {re.split(r"[<>=!~;\[ ]", d, maxsplit=1)[0].lower() for d in declared}
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (DOCS / "decisions.md").read_text(), re.MULTILINE)
    told = {name.strip(" *`").lower(): release for cell, _, release, _ in rows for name in cell.split(",")}
    assert names - set(told) == set()
    assert [n for n in names if not re.search(r"\d{4}-\d{2}-\d{2}", told[n])] == []


# -- formats.md


def test_the_inventory_of_the_page_is_one(tmp_path: Path) -> None:
    """Its blocks, one after the other, read and lint without a problem."""
    text = "".join(fences(section(FORMATS, "## inventory.yaml"), "yaml"))
    (tmp_path / "inventory.yaml").write_text(text)
    for folder in ("contracts", "sql"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    found = lint_inventory(load(tmp_path), checks=["decision_rate"], runbooks=["approval-drop"])
    assert [str(p) for p in found] == []


@pytest.mark.parametrize(
    ("title", "structs"),
    [
        ("## inventory.yaml", [types.InventoryFile]),
        ("### Teams", [types.Team]),
        ("### Sources", [types.Source]),
        ("### Features", [types.Feature]),
        ("### Models", [types.Model]),
        ("### Logs", [types.LogSpec]),
        ("### Alerts", [types.Alert]),
        ("## runbooks/*.yaml", [RunbookHead]),
    ],
)
def test_every_key_is_told(title: str, structs: list[type[msgspec.Struct]]) -> None:
    """The table below a title has the keys of its type, no more and no less."""
    own = section(FORMATS, title).split("\n### ", 1)[0]
    wanted = {f.encode_name for s in structs for f in msgspec.structs.fields(s)}
    assert keys_told(own) - {"steps"} == wanted


def test_every_key_of_an_input_is_told() -> None:
    """The keys and the types of inputs stand in the text."""
    text = section(FORMATS, "## runbooks/*.yaml")
    wanted = [f.encode_name for f in msgspec.structs.fields(InputSpec)]
    assert [w for w in (*wanted, *msgspec.inspect.type_info(InputSpec).fields[0].type.values) if f"`{w}`" not in text] == []


def test_the_runbook_of_the_page_has_no_problem() -> None:
    """It reads, and lint has nothing to say against the demo's inventory."""
    for text in fences(section(FORMATS, "## runbooks/*.yaml"), "yaml"):
        found = parse_runbook(text, source="approvals.yaml", kinds=params_types())
        problems = lint_runbook(found, load(ROOT), checks=["feature_drift"], charts=[])
        assert [str(p) for p in problems] == []


def test_the_finding_of_the_page_is_one() -> None:
    """Its JSON is a Finding's, its id that of its content; the table tells every key."""
    text = section(FORMATS, "## A Finding")
    told = json.loads(fences(text, "json")[0])
    assert from_json(told).as_json() == told
    assert keys_told(text) == set(told)


def test_the_row_of_the_page_is_a_findings() -> None:
    """The columns of a Finding in SQL are those that are listed."""
    listed = re.search(r"it has `([^`]+)`", section(FORMATS, "## A Finding"))
    assert listed is not None
    row = Finding("ok", "data", "monitoring", "volume", "volume", "m", "t").row([])
    assert listed[1].split() == list(row)


def shape(value: Any) -> Any:
    """The keys of JSON, of lists those of their first item; ids, times and numbers aside."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    return [shape(v) for v in value[:1]] if isinstance(value, list) else None


def test_the_json_of_the_page_has_the_commands_form(chain: Path, tmp_path: Path) -> None:
    """`check --json` and `run --json` give the keys that are shown."""
    from mlops_tui.engine.tell import run_json

    shown = [json.loads(t) for t in fences(section(FORMATS, "## JSON on stdout"), "json")]
    shutil.copytree(chain, tmp_path / "demo")
    project = open_project(tmp_path / "demo", clock=lambda: CLOCK, environ={})
    report = check(project, ["credit-risk"], at=AT).as_json()
    assert shape({**report, "findings": []}) == shape(shown[0])
    told = json.loads(pretty(run_json(run(project, "approval-drop", sets={}, at=AT, front=Script(), auto=True))))
    step = next(s for s in told["steps"] if s["id"] == "place")
    assert shape({**told, "steps": [step]}) == shape({**shown[1], "steps": shown[1]["steps"][:1]})
    assert shape(told["artefacts"][0]) == shape(shown[1]["steps"][1]["artefacts"][0])


def test_the_journal_of_the_page_is_the_journal(tmp_path: Path) -> None:
    """Tables, header and event types are those of a real one."""
    text = section(FORMATS, "## The journal")
    journal = Journal.open(tmp_path, clock=lambda: CLOCK, actor=Actor("aruiz", 1001, "lab", 1, "Ana Ruiz"))
    with journal:
        journal.start_stream("INC-", "incident_opened", {"title": "t"})
    con = sqlite3.connect(tmp_path / "journal.sqlite")
    made = [row[0] for row in con.execute("select sql from sqlite_master where sql is not null").fetchall()]
    header = con.execute("select header from event").fetchall()[0][0]
    con.close()

    def flat(sql: str) -> str:
        return " ".join(sql.lower().split())

    assert [flat(s) for s in fences(text, "sql")[0].split(";") if s.strip()] == [flat(s) for s in made]
    shown = json.loads(fences(text, "json")[0])
    assert shape(json.loads(header)) == shape(shown)
    assert json.dumps(shown, sort_keys=True, separators=(",", ":")) == fences(text, "json")[0].strip()
    assert keys_told(text) == set(EVENT_TYPES)


# -- runnable pages


def test_a_step_of_each_kind_runs(chain: Path, tmp_path: Path) -> None:
    """docs/every-kind.yaml lints without a problem and ends; what it asks is answered as a person would."""
    root = tmp_path / "demo"
    shutil.copytree(chain, root)
    shutil.copy(DOCS / "every-kind.yaml", root / "runbooks")
    assert lint(root, ["every-kind"]).problems == ()
    me = Actor("aruiz", 1001, "lab", 77, "Ana Ruiz")
    project = open_project(root, clock=lambda: CLOCK, actor=me, environ={"PATH": "/usr/bin:/bin"})
    answers = {"verdict": "data", "second_look": "yes", "contain": "yes"}
    report = run(project, "every-kind", sets={}, front=Script(answers))
    told = states(report)
    assert report.state == "ended", report.reason
    assert told.pop("quiet") == "skipped"
    assert set(told.values()) <= {"ok", "attention"}
    assert {s.kind for s in report.steps} == set(params_types())


def test_the_python_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks of docs/python.md, one after the other, do what their comments say."""
    monkeypatch.chdir(tmp_path)
    code = "".join(fences((DOCS / "python.md").read_text(), "python"))
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "page"})
    said = capsys.readouterr().out
    for line in re.findall(r"^print\(.*\)  # (.+)$", code, re.MULTILINE):
        if not line.startswith(("the ", "waiting ")):
            assert line in said


def test_the_python_page_names_what_there_is() -> None:
    """Every function of the table can be imported, and every command stands in it."""
    rows = re.findall(r"^\| `(session\.\w+)` \| ([^|]+) \| ([^|]+) \|$", (DOCS / "python.md").read_text(), re.MULTILINE)
    for module, functions, _ in rows:
        there = importlib.import_module(f"mlops_tui.{module}")
        assert [f for f in re.findall(r"`(\w+)`", functions) if not callable(getattr(there, f, None))] == []
    told = section((DOCS / "python.md").read_text(), "## Where things are")
    assert [c for c in COMMANDS if f"`{c}`" not in told] == []


# -- README


def readme_blocks() -> list[tuple[str, list[str]]]:
    """(command, lines of output) of the README's console blocks; `…` alone on a line stands for lines left out."""
    found: list[tuple[str, list[str]]] = []
    for block in fences((ROOT / "README.md").read_text(), "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def test_the_readme_names_options_that_exist() -> None:
    """Every command of a console block parses."""
    for command, _ in readme_blocks():
        argv = shlex.split(command.split("#")[0].split("|")[0].split(">")[0])
        if argv[0] == "runbook":
            known = runbook.get_command(click.Context(runbook), argv[1])
            assert known is not None, command
            options = {o for p in known.params for o in p.opts}
            assert [a for a in argv[2:] if a.startswith("--") and a not in options] == [], command


@pytest.mark.slow
def test_the_readme_shows_what_happens(tmp_path: Path) -> None:
    """The first walk, run in a fresh folder, prints the lines that the README shows."""
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    here = tmp_path
    for command, lines in readme_blocks():
        if command.startswith("cd "):
            here = here / command[3:]
            continue
        done = subprocess.run(["bash", "-c", command], cwd=here, env=env, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        for part in re.split(r"^…$", "\n".join(lines), flags=re.MULTILINE):
            assert part.strip("\n") in said, f"{command}\n{said}"
