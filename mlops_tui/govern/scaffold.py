"""An inventory's first draft: every guess on a line of its own, with its reason beside it."""

from __future__ import annotations

from datetime import timedelta

from mlops_tui.core.leave import one_line
from mlops_tui.govern.draft import DECISIONS, SCORES, TEAM, VOLUME, Draft
from mlops_tui.govern.guess import Guess, listed, percent
from mlops_tui.govern.guesses import Guesses
from mlops_tui.govern.history import Learned, Span
from mlops_tui.govern.lines import Lines, scalar
from mlops_tui.inventory.types import Decision


def length(value: timedelta) -> str:
    """A duration as the file says it: whole days, else hours."""
    hours = round(value / timedelta(hours=1))
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def inventory_text(draft: Draft) -> str:
    """The whole of `inventory.yaml`. Lint finds nothing in it."""
    out = Lines()
    _head(out, draft)
    _people(out, draft)
    out.add("models:")
    out.add(f"  {scalar(draft.model)}:", "write its name: it is how commands and messages call it")
    _model(out, draft)
    _log(out, draft)
    _labels(out, draft)
    _windows(out, draft)
    _alerts(out, draft)
    _rest(out, draft)
    _features(out, draft)
    return out.text


def _head(out: Lines, draft: Draft) -> None:
    g, p = draft.guesses, draft.guesses.profile
    rows = f"{p.total_rows:,} rows" if p.total_rows is not None else f"{p.rows:,} of its rows"
    files = f"{p.total_files:,} file{'' if p.total_files == 1 else 's'}"
    out.add("# yaml-language-server: $schema=schema/inventory.json")
    out.remark(f"The first draft of an inventory, written by `runbook init` from {rows} in {files}{_dates(draft.span)}.")
    out.remark(
        "What a comment calls a guess was read from the log, with the reason beside it; look first at each `guess?`, where"
    )
    out.remark("the reason is weak. `write` marks what no log can tell. Correct it here, then: runbook lint, runbook check.")
    out.remark("Durations are 20m, 7d; thresholds -10pp (points), 8%, 0.25. docs/formats.md explains every key.")
    for note in (*(f"not read: {u}" for u in p.unreadable[:5]), *p.notes[:5]):
        out.remark(f"Mind: {note}.")
    if p.total_rows is not None and p.total_rows > p.rows:
        out.remark(f"The guesses rest on {p.rows:,} of the rows, from files spread over the whole log.")
    out.add("version: 1")
    out.add("organisation: My organisation", "write yours: it stands on drafts")
    out.guess(f"timezone: {g.zone.value}", g.zone)
    out.add()


def _dates(span: Span | None) -> str:
    if span is None:
        return ""
    return f", {span.first:%Y-%m-%d} to {span.newest:%Y-%m-%d}"


def _people(out: Lines, draft: Draft) -> None:
    out.add("teams:")
    out.add(f"  {TEAM}:", "write who answers for the model; `on_call` below names teams")
    login = scalar(draft.login)
    out.add("    members:")
    out.add(f"      - {{name: {login}, login: {login}}}", "you, as this machine knows you: write your name, add the others")
    out.add('    # slack: "#my-channel"', "where its messages go")
    out.add()


def _model(out: Lines, draft: Draft) -> None:
    g, m = draft.guesses, draft.guesses.meaning
    out.add(f"    description: Decides about {scalar_words(draft.model)}.", "write what it decides, in one sentence")
    out.add(
        f"    owner: &owner {{team: {TEAM}, name: {scalar(draft.login)}}}", "write who owns it; `*owner` below repeats this"
    )
    out.add(f"    on_call: [{TEAM}]")
    out.add("    decision:")
    if g.decision and m.positive:
        out.guess(f"      column: {scalar(g.decision.value)}", g.decision)
        out.guess(f"      positive: {scalar(m.positive.value, quote=True)}", m.positive)
        return
    stand: Decision = g.declared
    words = "NOT GUESSED: no column looks like the decision. This one stands in, so that the rest can be checked: write yours"
    out.add(f"      column: {scalar(stand.column)}", words)
    out.add(f"      positive: {scalar(stand.positive, quote=True)}", "and the value that means yes")


def scalar_words(name: str) -> str:
    """A model's name as words for a sentence."""
    return " ".join(w for w in name.replace("_", "-").split("-") if w) or "something"


def _log(out: Lines, draft: Draft) -> None:
    g, m = draft.guesses, draft.guesses.meaning
    out.add("    log:")
    out.add(f"      path: {scalar(draft.path)}", draft.path_note)
    out.guess(f"      time: {scalar(g.time.value)}", g.time)
    out.add("      complete_after: 20m", "write how late rows may come: an hour counts as complete this long after its end")
    _or_write(out, "id", g.id, "no column has a value of its own in every row")
    _or_write(out, "version", g.version, "no column looks like the model's version: without one, versions cannot be compared")
    if g.score and m.means:
        out.add("      score:")
        out.guess(f"        column: {scalar(g.score.value)}", g.score)
        out.guess(f"        means: {scalar(m.means.value)}", m.means)
        if m.cut is not None:
            key = "approve_from" if m.cut.above else "approve_to"
            told = "every" if m.cut.right == 1 else f"{percent(m.cut.right)} of all"
            out.guess(
                f"        {key}: {m.cut.simple}", Guess(None, f"this cut tells {told} decision{'' if told == 'every' else 's'}")
            )
    else:
        out.add("      # score: {column: SCORE}", "no column looks like a score: write it, or leave it out")
    _or_write(out, "latency", g.latency, "no column looks like one")
    _or_write(out, "cost", g.cost, "no column looks like one")
    if g.rest.segments:
        out.add("      segments:", "what answers are split by: few values, always there")
        for name, why in g.rest.segments.items():
            out.guess(f"        - {scalar(name)}", why)
    else:
        out.add(
            "      # segments: [COLUMN]", "no column of few values that is always there: write what answers are to be split by"
        )
    if g.sensitive:
        out.add("      sensitive:", "never leave this machine")
        for name, why in g.sensitive.items():
            out.guess(f"        - {scalar(name)}", why)
    else:
        out.add(
            "      # sensitive: [COLUMN]",
            "no column looks like names, addresses or numbers of people; what stands here never leaves",
        )


def _or_write(out: Lines, key: str, found: Guess[str] | None, otherwise: str) -> None:
    if found:
        out.guess(f"      {key}: {scalar(found.value)}", found)
    else:
        out.add(f"      # {key}: COLUMN", otherwise)


def _labels(out: Lines, draft: Draft) -> None:
    g, m = draft.guesses, draft.guesses.meaning
    if g.label and m.good:
        out.add("    labels:", "what came of it")
        out.guess(f"      column: {scalar(g.label.value)}", g.label)
        out.guess(f"      positive: {scalar(m.good.value, quote=True)}", m.good)
        if m.only_when and g.decision:
            condition = f"{sql_name(g.decision.value)} = {sql_value(m.only_when.value, g)}"
            out.guess(f"      only_when: {scalar(condition, quote=True)}", m.only_when)
    else:
        out.add("    # labels: {log: {path: OUTCOMES, time: COLUMN}, join: ID, column: COLUMN, positive: VALUE}")
        out.remark("no column looks like the outcome: write where outcomes are, in a log of their own or as a column here", 4)
    if g.rest.protected:
        out.add("    protected:", "groups to be treated alike")
        for name, why in g.rest.protected.items():
            out.guess(f"      - {scalar(name)}", why)


def sql_name(name: str) -> str:
    """A column's name in a condition."""
    return name if name.isidentifier() and name.islower() else '"' + name.replace('"', '""') + '"'


def sql_value(value: str, g: Guesses) -> str:
    """A decision's value in a condition, in the column's own type."""
    assert g.decision is not None
    type_ = g.profile.columns[g.decision.value].type
    return "'" + value.replace("'", "''") + "'" if type_ == "VARCHAR" or type_.startswith("ENUM") else value


def _windows(out: Lines, draft: Draft) -> None:
    out.add("    windows:")
    out.guess(f"      current: {length(draft.current.value)}", draft.current)
    out.guess(f"      reference: {length(draft.reference.value)}", draft.reference)


def _alerts(out: Lines, draft: Draft) -> None:
    g = draft.guesses
    out.add("    alerts:")
    if g.decision:
        learned = draft.rate or Learned(0.10, "the usual bound: the log is too short to learn one")
        bound = draft.rate_bound
        out.add(f"      - id: {DECISIONS}", "fires when the share of positive decisions moves")
        out.add("        check: decision_rate")
        if learned.by:
            out.add(f"        by: {scalar(learned.by)}", "guess: the segment that serves best; each of its values is looked at")
        out.add(f"        compare: {learned.compare}", _compare(learned, draft))
        out.guess(
            f"        fire: {{change: {{below: -{bound}, above: {bound}}}}}", Guess(None, learned.why, draft.rate is not None)
        )
        _page(out, draft)
    if g.score:
        psi = draft.psi or Learned(0.25, "the usual bound: the log is too short to learn one")
        out.add(f"      - id: {SCORES}", "fires when the scores no longer look like the reference")
        out.add("        check: score_drift")
        out.guess(f"        fire: {{psi: {{above: {psi.bound:.4g}}}}}", Guess(None, psi.why, draft.psi is not None))
        _page(out, draft)
        return
    out.add(f"      - id: {VOLUME}", "fires when rows stop coming, or come twice")
    out.add("        check: volume")
    out.add("        compare: day_over_day")
    out.add("        fire: {ratio: {below: 0.5x, above: 2x}}", "not learned: half or twice the rows of the day before")
    _page(out, draft)


def _compare(learned: Learned, draft: Draft) -> str:
    if learned.compare == "day_over_day":
        return "guess: enough rows a day to hold each day against the one before"
    return f"guess: the last {length(draft.current.value)} against the {length(draft.reference.value)} before"


def _page(out: Lines, draft: Draft) -> None:
    out.add(f"        page: [{TEAM}]")
    out.add(f"        runbook: {draft.runbook}")


def _rest(out: Lines, draft: Draft) -> None:
    g = draft.guesses
    out.add(
        "    # changes: [{git: .}, {jsonl: changes.jsonl}]",
        "write where it is recorded who changed what: it is the first question asked",
    )
    if g.rest.features:
        out.add("    features:", "what it reads; each is described below")
        line = "      "
        names = [scalar(n) for n in g.rest.features]
        text = "[" + ", ".join(names) + "]"
        for word in text.split(" "):
            if len(line) + len(word) > 118 and line.strip():
                out.add(line.rstrip())
                line = "       "
            line += word + " "
        out.add(line.rstrip())
    else:
        out.remark("features: none: every column has another place", 4)
    if g.rest.ignored:
        out.remark("Columns that stand nowhere above:", 4)
        by_reason: dict[str, list[str]] = {}
        for name, why in g.rest.ignored.items():
            by_reason.setdefault(why, []).append(name)
        for why, found in by_reason.items():
            out.remark(f"  {listed(found, 8)}: {why}", 4)


def _features(out: Lines, draft: Draft) -> None:
    found = draft.guesses.rest.features
    if not found:
        return
    out.add()
    out.remark(
        "Every column with no other role. A segment stands here too, since its mix may drift. Delete what the model does not"
        " read, here and in the model's list, and write what the others mean."
    )
    out.add("features:")
    keys = {name: f"  {scalar(name)}:" for name in found}
    wide = min(30, max(len(k) for k in keys.values()))
    types = max(len(g.value) for g in found.values())
    rows = {}
    for name, guess in found.items():
        kind = f"{guess.value},".ljust(types + 1)
        rows[name] = f"{keys[name].ljust(wide)} {{type: {kind} version: 1, owner: *owner, description: {described(name)}}}"
    start = max(len(r) for r in rows.values()) + 2
    for name, guess in found.items():
        out.add(rows[name].ljust(start) + f"# guess{'' if guess.sure else '?'}: {one_line(guess.why)}")


def described(name: str) -> str:
    """A column's name as the beginning of a description."""
    words = " ".join(name.replace("_", " ").split()) or name
    return scalar(words[:1].upper() + words[1:] + ".")
