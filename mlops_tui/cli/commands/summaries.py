"""`runbook summaries build` and `runbook summaries status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.cli.bar import Bar
from mlops_tui.cli.groups import Group
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.session.summaries import Built, Status


@click.group(cls=Group, short_help="Rows become summaries once: `summaries build`, `summaries status`.")
def summaries() -> None:
    """Counts of every log that answer questions without its rows. They lie in .runbook/cache/summaries and may be deleted.

    Commands that need them build what is missing by themselves; `summaries build` does it ahead of time, say each night.
    """


@summaries.command(short_help="Read what is new in the logs (exit 1 when a log cannot be).")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=options.complete("model"))
@options.as_json
@click.pass_context
def build(ctx: click.Context, models: tuple[str, ...], as_json: bool) -> int:
    """Bring the summaries of each MODEL (all of them by default) and of its sources up to date.

    Files that were read before and have not changed are not read again. A build that was stopped goes on where it was. Exits 1
    when a log cannot be read, or nothing can be written.
    """
    from mlops_tui.session import summaries as session

    project = options.opened(ctx)
    bar = Bar(sys.stderr.isatty())
    try:
        report = session.build(project, models, tell=bar.show)
    finally:
        bar.clear()
    if as_json:
        page.json(report.as_json())
    elif report.logs:
        page.data("\n".join(built(one) for one in report.logs))
    else:
        page.talk("the inventory names no model yet")
    return 1 if report.failed else 0


@summaries.command(short_help="What there is of the summaries, and what waits.")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=options.complete("model"))
@options.as_json
@click.pass_context
def status(ctx: click.Context, models: tuple[str, ...], as_json: bool) -> None:
    """Show of each MODEL (all of them by default) and its sources whether summaries or rows answer, and why; how fine the
    summaries are, what they leave out, how large they are, and which files wait to be read. Builds nothing.
    """
    from mlops_tui.session import summaries as session

    report = session.status(options.opened(ctx), models)
    if as_json:
        page.json(report.as_json())
    elif report.logs:
        page.data("\n\n".join(told(one, page.here()) for one in report.logs))
    else:
        page.talk("the inventory names no model yet")


def built(one: Built) -> str:
    """What was done for one log, on a line; problems below it."""
    name = f"{one_line(one.id)}{' (source)' if one.kind == 'source' else ''}"
    if one.problem:
        return f"{name}: {one_line(one.problem, most=500)}"
    if one.rows or one.counters is None:
        return f"{name}: {one.rows}"
    done = one.counters
    parts = [
        f"{page.plural(done.rows_read, 'row')} of {page.plural(done.files_read, 'file')} read",
        f"{done.unchanged} unchanged",
    ]
    if done.outcome_files:
        parts.append(f"{page.plural(done.outcome_rows, 'outcome')} of {page.plural(done.outcome_files, 'file')} joined")
    counted = {"dropped": done.dropped, "expired": done.expired, "compacted": done.compacted}
    lines = [f"{name}: {', '.join([*parts, *(f'{n} {word}' for word, n in counted.items() if n)])}"]
    if one.unwritten:
        lines.append(f"  nothing could be kept: {one.unwritten}")
    return "\n".join([*lines, *bad(one.bad)])


def bad(files: tuple[tuple[str, str], ...], most: int = 5) -> list[str]:
    """Files that are passed over, each with its problem."""
    lines = [f"  passed over: {one_line(path)}: {one_line(problem)}" for path, problem in files[:most]]
    return [*lines, f"  and {len(files) - most} more"] if len(files) > most else lines


def told(one: Status, look: page.Look) -> str:
    """One log: its name, what answers and why, and the figures."""
    from mlops_tui.logs.worth import sized

    name = look.paint(one_line(one.id), "bold") + (" (source)" if one.kind == "source" else "")
    if one.problem:
        return f"{name}\n{page.wrapped(one.problem, look.width)}"
    if one.worth is None or not one.worth.summarised:
        return "\n".join([name, page.wrapped(one.worth.why if one.worth else "", look.width), *bad(one.bad)])
    share = f", {one.size / one.log_size:.1%} of the log's {sized(one.log_size)}" if one.log_size else ""
    rows = [("answered from", "summaries" if one.units else "summaries, which are not built yet")]
    if one.units:
        rows += [
            ("days", "none" if one.days is None else f"{one.days[0]} to {one.days[1]}: {one.days[2]}"),
            ("grain", {"hour": "by hour", "day": "crossings by day", "margins": "single segments and pairs only"}[one.grain]),
            ("told apart by", ", ".join(one.dimensions) or "nothing"),
            ("size", f"{page.plural(one.units, 'file')}, {sized(one.size)}{share}"),
            ("counted", page.plural(one.files, "file")),
        ]
    if one.outcomes:
        rows.append(("outcomes", f"{page.plural(one.outcomes, 'file')} joined"))
    waits = [f"{one.outcomes_pending} of outcomes"] * bool(one.outcomes_pending)
    changed = f" ({one.stale} changed since)" if one.stale else ""
    waits += [f"{page.plural(one.pending, 'file')} to be read{changed}"] * bool(one.pending)
    rows += [("waiting", ", ".join(waits) or "nothing")]
    if one.expired:
        rows.append(("expired", f"{page.plural(one.expired, 'file')}, {page.plural(one.expired_days, 'day')} kept"))
    rows += [(n.replace("_", " "), f"{count:,}") for n, count in one.odd if count]
    rows += [("left out", f"{left}: {why}") for left, why in one.left_out]
    return "\n".join([name, *(page.wrapped(text, look.width, " " * 17, f"  {n:14} ") for n, text in rows), *bad(one.bad)])
