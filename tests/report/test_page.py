"""The draft as a page: it tells what the Markdown tells, needs nothing else, and no text in it is markup or code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import chart_samples as samples
import pytest
import small_chain as small

from mlops_tui.core.errors import Cancelled, RunbookError
from mlops_tui.report import build, web
from mlops_tui.report.page import SECTIONS, page
from mlops_tui.report.postmortem import draft, gather

BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --virtual-time-budget=15000 --enable-logging=stderr"
).split()
VOID = {"meta", "link", "img", "br"}


class Tree(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, its texts, whether they nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.words, self.scripts, self.torn = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.torn.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def made(project, found, tale, kept):
    """The page and the Markdown of an incident with the charts of its findings."""
    subject = project.subject("credit")
    findings = small.all_of(found)
    where = {"region": "ES"}
    names = (
        "decision_rate",
        "score_histogram",
        "top_features",
        "score_heatmap",
        "drift_ranking",
        "missing_rate",
        "upstream_volume",
    )
    charts = [c for name in names for c in build(name, subject, findings=findings, where=where)]
    tale.drew(charts).writing()
    facts = gather(subject, findings, step="writeup", run="INC-1.1")
    given = {"zone": project.zone, "inventory": project.inventory}
    return page(tale.events, facts, cache=kept, **given), draft(tale.events, facts, **given)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, kept):
    project = small.chain(tmp_path_factory.mktemp("plain") / "p")
    found = small.measured(project.subject("credit"))
    return made(project, found, small.Tale().opened().started().ran(found), kept)


@pytest.fixture(scope="module")
def evil(tmp_path_factory, kept):
    project, found, tale = small.hostile(tmp_path_factory.mktemp("evil") / "p")
    return made(project, found, tale, kept)


def test_it_tells_what_the_markdown_tells(plain):
    """Every sentence, number and row of the Markdown stands in the page."""
    html, markdown = plain
    text = "".join(Tree(html).text.split())
    body = re.sub(r"```sql.*?```|\[\^\w+\]|\*\*|[`\\]|!\[[^\n]*|\[TO FILL.*?\]|\[ \]", "", markdown, flags=re.S)
    body = body.split("## Stored queries")[0]
    cells = [c.strip() for line in body.split("\n") for c in re.split(r"\||^[-#]+ |^  - ", line)]
    missing = [c for c in cells if not set(c) <= set("-: ") and "".join(c.split()) not in text]
    assert missing == ["Status", "draft (live); incident open", "Severity"]


def test_every_link_leads_somewhere_in_the_page(plain):
    """The table of contents and the citations lead to sections and steps that are there, and nothing leads out."""
    tree = Tree(plain[0])
    ids = {a["id"] for _, a in tree.elements if "id" in a}
    targets = {a["href"] for tag, a in tree.elements if tag == "a"}
    assert {f"#{anchor}" for anchor, _ in SECTIONS} <= targets
    assert all(t.startswith("#") and t[1:] in ids for t in targets)
    assert not tree.torn and not tree.open


def test_it_needs_nothing_else(plain):
    """No address stands where a browser would fetch it; a policy forbids it too, and lets only our two scripts run."""
    html, _ = plain
    tree = Tree(html)
    for tag, attrs in tree.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attrs.get(name, "#").startswith(("#", "data:")), (tag, attrs)
    (policy,) = [a["content"] for tag, a in tree.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe-inline" not in policy.split("script-src")[1]
    data, *code = tree.scripts
    assert json.loads(data)["charts"] and len(code) == 2
    for script in code:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_one_runtime_for_all_charts(plain):
    """However many charts there are, Vega is in the page once, and each chart has a still for print and for no script."""
    tree = Tree(plain[0])
    charts = json.loads(tree.scripts[0])["charts"]
    figures = [a for tag, a in tree.elements if tag == "figure"]
    stills = [a for tag, a in tree.elements if tag == "img"]
    assert len(charts) == len(figures) == len(stills) == 7
    assert {int(f["data-chart"]) for f in figures} == set(range(7))
    assert all(base64.b64decode(s["src"].split(",")[1]).startswith(b"<svg") and len(s["alt"]) > 20 for s in stills)
    assert len(plain[0].encode()) < 2_500_000
    assert sum(len(s) > 500_000 for s in tree.scripts) == 1


def test_no_text_is_markup_or_code(plain, evil):
    """Whatever stands in logs, changes, answers, notes, messages and versions is text: the same elements, the same scripts."""
    good, bad = Tree(plain[0]), Tree(evil[0])
    assert {t for t, _ in bad.elements} <= {t for t, _ in good.elements}
    assert [t for t, _ in bad.elements].count("script") == 3 and not bad.torn and not bad.open
    assert {n for _, a in bad.elements for n in a} <= {n for _, a in good.elements for n in a}
    assert bad.scripts[1:] == good.scripts[1:]
    assert bad.text.count("onerror=alert(1)") > 10
    assert "\x1b" not in evil[0]
    assert "evil.example" in json.dumps(json.loads(bad.scripts[0]))


def test_no_small_count_is_in_the_charts(plain):
    """Neither a tooltip nor a chart's data names 1 to 9 rows."""
    data = json.loads(Tree(plain[0]).scripts[0])["charts"]
    tips = [row["tip"] for spec in data for d in spec["data"] for row in d.get("values", ()) if "tip" in row]
    assert len(tips) > 50
    assert not [t for tip in tips for t in tip if re.search(r"\bn = [1-9]\b(?![\d,])", t)]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, so no browser opened the page")
@pytest.mark.parametrize("which", ["plain", "evil"])
def test_a_browser_opens_it_without_a_word(which, request, tmp_path):
    """From disk, without a network: every chart is drawn, the console stays empty, nothing of the page is asked for."""
    html, _ = request.getfixturevalue(which)
    file, log = tmp_path / "postmortem.html", tmp_path / "net.json"
    file.write_text(html, encoding="utf-8")
    given = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom", file.as_uri()]
    run = subprocess.run(given, capture_output=True, text=True, timeout=120, check=True)
    assert [line for line in run.stderr.split("\n") if "CONSOLE" in line] == []
    assert re.search(r'<html lang="en" data-ready="7"', run.stdout)
    assert run.stdout.count('class="alive"') == 7
    assert "evil.example" not in log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, so no browser laid the page out")
def test_what_changed_fits_a_window(plain, tmp_path):
    """On a screen of usual width nothing of a table is cut off, with names as long as real ones are."""
    file = tmp_path / "postmortem.html"
    html = re.sub(r"<meta http-equiv[^>]*>", "", plain[0])
    wide = "<td>3h\u00a042m before</td>" + "".join(
        f'<td class="what">{t}</td>'
        for t in ("infrastructure", "bank_feed", "Retrain passed its gate and went live", "European Union")
    )
    rows = re.sub(r'(<td class="t">[^(]*\([^<]*</td>)<td>[^<]*</td>(<td class="what">.*?</td>)+', rf"\1{wide}", html)
    look = "document.querySelectorAll('.scroll').forEach(t => t.dataset.cut = t.scrollWidth - t.clientWidth)"
    file.write_text(rows.replace("</body>", f"<script>{look}</script></body>"), encoding="utf-8")
    given = [BROWSER, *FLAGS, "--window-size=1200,900", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
    run = subprocess.run(given, capture_output=True, text=True, timeout=120, check=True)
    assert set(re.findall(r'data-cut="(\d+)"', run.stdout)) == {"0"}


# ---- the presses


def test_every_sample_as_svg():
    """A chart is one SVG of its own, with its texts as text."""
    made = web.svgs([make() for make in samples.ALL])
    assert len(made) == len(samples.ALL)
    assert all(svg.startswith("<svg") and "http://" not in svg.replace("http://www.w3.org/", "") for svg in made)
    assert "bank_label" in made[2] and web.svgs([]) == []


def test_the_runtime_is_kept(kept, plain):
    """Bundling takes a second: it is done once, and a folder that cannot be written is no reason to fail."""
    (file,) = [f for f in kept.iterdir() if f.name == web.RUNTIME]
    file.write_text("window.vegaEmbed = 1;")
    assert web.pressed([samples.drift_ranking()], cache=kept).runtime == "window.vegaEmbed = 1;"
    nowhere = kept / "file"
    nowhere.write_text("")
    assert len(web.pressed([samples.drift_ranking()], cache=nowhere).runtime) > 500_000


def test_a_page_that_nobody_wants_any_more_is_not_drawn():
    """Cancelled while the children draw, it stops at once and leaves none of them behind."""
    with pytest.raises(Cancelled):
        web.pressed([samples.decision_rate()], cancelled=lambda: True)


def test_too_slow_is_an_error():
    """A child that does not answer in time is an error with a reason, not a hang."""
    with pytest.raises(RunbookError, match="not drawn within"):
        web.svgs([samples.decision_rate()], timeout=0.001)
