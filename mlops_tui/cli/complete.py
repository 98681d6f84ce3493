"""What a shell completes: names of the project under the cursor, by click's own machinery."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    get_completion_class,
    split_arg_string,
)

from mlops_tui.cli.root import COMPLETE, runbook
from mlops_tui.core.leave import one_line

SHELLS = ("bash", "zsh", "fish")
CALLED = ("runbook", "mlops-tui")
_SPECIAL = re.compile(r"[^\w%+,./:=@-]", re.ASCII)
"""What bash would not leave as it is in a word."""


class Bash(BashComplete):
    """bash cuts words at `=`: `--set region=E` comes as three words, and goes back without its beginning."""

    _cut = 0
    _quoted = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor and the one under it, put together again."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        before, last = words[1:at], words[at] if at < len(words) else ""
        typed = os.environ["COMP_WORDS"].split("\n")
        self._quoted = at < len(typed) and typed[at][:1] in ("'", '"')
        if last == "=" and before:
            last = f"{before.pop()}="
            self._cut = len(last)
        elif len(before) > 1 and before[-1] == "=":
            head = before[-2] + "="
            before, last = before[:-2], head + last
            self._cut = len(head)
        return before, last

    def format_completion(self, item: CompletionItem) -> str:
        """The item as bash takes it, without what bash has cut off already, and as one word: bash puts it in as it is."""
        rest = item.value[self._cut :]
        if not self._quoted:
            rest = "".join(f"\\{c}" if _SPECIAL.match(c) and c.isascii() else c for c in rest)
        return f"{item.type},{rest}"


class Fish(FishComplete):
    """click's script for fish ends at the second comma, within a value or what it means."""

    source_template = FishComplete.source_template.replace('string split "," $completion', 'string split -m 1 "," $completion')


def script(shell: str, called: str) -> str:
    """The text that a shell sources. Where bash itself is asked for its version and is too old, click says so on stderr."""
    return _completer(shell)(runbook, {}, called, COMPLETE).source()


def answer(instruction: str) -> int:
    """Print what the shell's script asked for by the variable; 1 for an instruction that nobody knows."""
    shell, _, action = instruction.partition("_")
    if shell not in SHELLS or action != "complete":
        return 1
    called = Path(sys.argv[0]).name
    completer = _completer(shell)(runbook, {}, called if called in CALLED else CALLED[0], COMPLETE)
    sys.stdout.write(completer.complete() + "\n")
    return 0


def _completer(shell: str) -> type[ShellComplete]:
    found = {"bash": Bash, "fish": Fish}.get(shell) or get_completion_class(shell)
    assert found is not None
    return found


def model(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models by name."""
    from mlops_tui.session import names

    return _items(names.models(_start(ctx)), incomplete)


def runbook_name(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runbooks by name."""
    from mlops_tui.session import names

    return _items(names.runbooks(_start(ctx)), incomplete)


def linted(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `lint` takes: runbooks, and the inventory."""
    from mlops_tui.session import names

    return _items(names.runbooks(_start(ctx)) | {"inventory": "inventory.yaml"}, incomplete)


def incident(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Incidents by id."""
    from mlops_tui.session import names

    return _items(names.incidents(_start(ctx)), incomplete)


def joined(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `--incident` takes: an incident, or `new`."""
    from mlops_tui.session import names

    return _items(names.incidents(_start(ctx)) | {"new": "open another one"}, incomplete)


def pair(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `--set` takes: an input's name with `=`, then its values."""
    from mlops_tui.session import names

    # an option without its value yet leaves the argument unread among the rest
    chosen = str(ctx.params.get("name") or next(iter(ctx.args), ""))
    name, equals, value = incomplete.partition("=")
    if not equals:
        found = names.inputs(_start(ctx), chosen)
        return [CompletionItem(f"{n}=", help=one_line(text)) for n, text in found.items() if n.startswith(name)]
    known = names.values(_start(ctx), chosen, name)
    return [CompletionItem(f"{name}={v}", help=one_line(text)) for v, text in known.items() if v.startswith(value)]


def _start(ctx: click.Context) -> Path:
    """Where the search for the project begins, before anything was run."""
    given = ctx.find_root().params.get("project")
    return Path(given) if given else Path.cwd()


def _items(known: Mapping[str, str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(one_line(n), help=one_line(text)) for n, text in known.items() if n.startswith(incomplete)]
