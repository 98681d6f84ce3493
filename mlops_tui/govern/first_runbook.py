"""A first runbook for a new inventory: the shipped one's way, without what the log does not have."""

from __future__ import annotations

from mlops_tui.core.finding import ROW_TYPES
from mlops_tui.govern.draft import DECISIONS, SCORES, Draft
from mlops_tui.govern.lines import scalar
from mlops_tui.sql.names import is_name

_TAKEN = frozenset(
    "model model_version last_good_version at window_start reference_start log log_now versions changes alerts incident scope"
    " usual scored quiet place first_word shipped rows missing drift scores graphs inputs verdict tell writeup".split()
)

_HEAD = """\
# yaml-language-server: $schema=../schema/runbook.json
# The first draft of a runbook, written by `runbook init`: from the page to the draft of a postmortem in about ten minutes.
# Steps run in the order written. Make it yours: what does your team look at first, and what may it do?
runbook: {name}
title: {title}
description: |
  Walks whoever is on call from the alert to the part of the chain that moved: where, since when, what changed just
  before, which inputs moved with it. Tells the team, draws the graphs, writes the postmortem draft.
severity: SEV3
applies_to: {{alerts: [{alerts}]}}
"""


_CALM = "(select bool_or(status = 'ok') and not bool_or(status in ('warn', 'crit', 'unknown')) from {})"
"""Something could be measured and nothing of it moved; a part with too few rows says nothing either way."""


def runbook_text(draft: Draft) -> str:
    """The whole of the runbook. Lint finds nothing in it beside the inventory that `scaffold` writes."""
    by = draft.rate.by if draft.rate and draft.guesses.decision else None
    plain = by is not None and is_name(by) is None and by not in _TAKEN and by not in ROW_TYPES
    title = "Decisions moved" if draft.guesses.decision else "The log moved"
    parts = [_HEAD.format(name=draft.runbook, title=title, alerts=", ".join(draft.alerts))]
    value = by if plain and by is not None else "place"
    if by is not None:
        help_ = scalar(f"look at this {by} only, whatever the alert found", quote=True)
        parts.append(f"inputs:\n  {value}: {{type: segment, of: {scalar(by)}, optional: true, help: {help_}}}\n")
    parts.append("steps:\n")
    where = f", where: {{{scalar(by)}: $place}}" if by is not None else ""
    steps = _beginning(draft, by, value)
    if plain:
        steps.append(f"""\
  - id: place
    title: Where to look
    why: The part that moved most, or all of it.
    query: select coalesce(${by}, case when $scope.status in ('warn', 'crit') then $scope.{by} end) as {by}
""")
    steps += _middle(draft, where)
    steps += _end(draft)
    return "".join(parts) + "\n".join(steps)


def _beginning(draft: Draft, by: str | None, value: str) -> list[str]:
    first = draft.alerts[0]
    decisions = first == DECISIONS
    what = "Did the share of positive decisions move?" if decisions else "Did it move?"
    why = (
        "One part means an upstream or a policy change; all of them mean the model or its threshold."
        if by
        else ("The alert says that something moved; the numbers say by how much.")
    )
    steps = [
        f"""\
  - id: scope
    title: {what}
    why: {why}
    check: {{alert: {first}}}
"""
    ]
    usual = decisions and draft.rate is not None and draft.rate.compare == "day_over_day"
    if usual:
        split = f", by: {scalar(by)}" if by else ""
        bound = draft.rate_bound
        steps.append(f"""\
  - id: usual
    title: And against what is usual?
    why: On the second bad day the day before was bad too; the reference window was not.
    check: {{name: decision_rate{split}, compare: reference, fire: {{change: {{below: -{bound}, above: {bound}}}}}}}
""")
    scored = decisions and draft.guesses.score is not None
    if scored:
        steps.append(f"""\
  - id: scored
    title: Did the scores move?
    why: Scores may move while decisions do not, and decisions while scores do not.
    check: {{alert: {SCORES}}}
""")
    charts = ["decision_rate"] + (["score_histogram"] if draft.guesses.score else [])
    steps.append(f"""\
  - id: graphs
    title: See it
    why: The rate over time with its usual band, and the scores beside those of the reference window.
    chart: [{", ".join(charts)}]
""")
    quiet = [_CALM.format("scope")]
    quiet += [_CALM.format("usual")] if usual else []
    quiet += [_CALM.format("scored")] if scored else []
    if by is not None:
        quiet.insert(0, f"${value} is null")
    condition = "\n      and ".join(quiet)
    steps.append(f"""\
  - id: quiet
    title: Is it a false alarm?
    why: Ends here when nothing that could be measured moved beyond its threshold; a part with too few rows cannot tell.
    when: >-
      {condition}
    end: {{as: false_alarm, text: Nothing moved beyond its threshold.}}
""")
    return steps


def _middle(draft: Draft, where: str) -> list[str]:
    steps = [
        """\
  - id: first_word
    title: Tell the team that somebody is on it
    notify: {to: on_call, text: "${scope.summary} ${incident.id} is open, ${incident.runner} is on it."}
""",
        """\
  - id: shipped
    title: What changed just before?
    why: The cause is usually the last thing that somebody changed on purpose. Empty until the inventory names `changes`.
    query: |
      select ts, kind, target, what, who
      from changes
      where ts between coalesce($scope.onset, $at) - interval 24 hour
                   and coalesce($scope.onset, $at) + interval 1 hour
      order by ts desc
""",
        """\
  - id: rows
    title: Do the rows still come?
    why: A log that went quiet or doubled breaks every rate before anything else shows it.
    check: {name: volume, compare: day_over_day}
""",
    ]
    if draft.guesses.rest.features:
        steps += [
            f"""\
  - id: missing
    title: Did values go missing there?
    why: A rise of missing values is drift too, and models fill them in silently.
    check: {{name: missing_rate{where}}}
""",
            f"""\
  - id: drift
    title: Which inputs moved there?
    why: A feature that moved in the same hours in the same place is the first suspect.
    check: {{name: feature_drift{where}}}
""",
        ]
    if draft.guesses.score:
        steps.append(f"""\
  - id: scores
    title: Did the scores move there, or only the decisions?
    why: Scores moved means inputs or model; decisions alone means the threshold or a rule.
    check: {{name: score_drift{where}}}
""")
    if draft.guesses.rest.features:
        steps.append("""\
  - id: inputs
    title: The inputs that moved most
    when: (select bool_or(status in ('warn', 'crit')) from drift)
    chart: [top_features]
""")
    return steps


def _end(draft: Draft) -> list[str]:
    told = " ".join(
        ["${scope.summary}"]
        + (["${drift.summary}"] if draft.guesses.rest.features else [])
        + (["${scores.summary}"] if draft.guesses.score else [])
    )
    attached = "graphs, inputs" if draft.guesses.rest.features else "graphs"
    return [
        """\
  - id: verdict
    title: Say what broke
    why: It decides who acts next. Unsure is an honest answer.
    ask:
      question: "What broke: the data, the model, or has the world changed?"
      answers: [data, model, world, unsure]
      auto: unsure
""",
        f"""\
  - id: tell
    title: Tell the team what is known
    notify:
      to: on_call
      attach: [{attached}]
      text: "{told} Verdict so far: ${{verdict}}."
""",
        """\
  - id: writeup
    title: The postmortem draft
    why: Written now, while the facts are fresh; people add causes and lessons later.
    postmortem: {template: default}
""",
    ]
