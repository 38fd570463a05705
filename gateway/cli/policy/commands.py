"""The commands ``supercity policy validate|diff|apply|dump|schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.calling import AsJson, operator, show
from gateway.cli.screen import Colour, paint, progress

if TYPE_CHECKING:  # what they need is slow to load, and every command would wait for it
    from gateway.cli.policy.applying import Applied
    from gateway.cli.policy.diff import Change
    from gateway.cli.policy.document import Policy

policy = typer.Typer(
    no_args_is_help=True,
    help="The city's policy as one file: APIs, clients, staff, the limit of linkage.",
)

File = Annotated[Path, typer.Argument(help="YAML (or JSON), such as `policy dump` writes.")]

_COLOURS: dict[str, Colour] = {"add": "green", "change": "yellow", "remove": "red"}
DIFFERENCES = 2
"""Exit code of a comparison that found some."""


@policy.command(epilog="Example: supercity policy validate city.yaml && git commit city.yaml")
def validate(file: File, as_json: AsJson = False) -> None:
    """Check a file without asking any city: its form, its names, its contradictions."""
    from gateway.cli.policy.checks import load

    found, findings = load(file)
    lines = [one.line(file) for one in findings]
    text = "\n".join([*lines, f"{file} is good."] if found else lines)
    show([one.as_json() for one in findings], as_json, text)
    if found is None:
        raise typer.Exit(1)


@policy.command(
    epilog="Exit code 0: no difference; 2: differences; 1: it could not be compared. "
    "Example: supercity policy diff city.yaml --json"
)
def diff(file: File, as_json: AsJson = False) -> None:
    """Compare a file with the running city: what would be made (+), changed (~), removed (-)."""
    changes = _compared(_read(file))
    text = "\n".join(_painted(one) for one in changes) or "No difference."
    show([one.as_json() for one in changes], as_json, f"{text}\n{_summary(changes)}".rstrip())
    if changes:
        raise typer.Exit(DIFFERENCES)


@policy.command(
    epilog="Stops at the first refusal, and says what was done; apply it again to go on. "
    "Example: supercity policy apply city.yaml --prune --secrets-to new-secrets.json"
)
def apply(
    file: File,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    prune: Annotated[
        bool, typer.Option(help="Also remove what the file's sections do not name.")
    ] = False,
    secrets_to: Annotated[
        Path | None,
        typer.Option(help="Write new secrets and invitations there, for its owner's eyes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the running city as a file says; what it is already stays untouched."""
    from gateway.cli.policy.applying import apply as do

    wanted = _read(file)
    changes = _compared(wanted)
    kept = [] if prune else [one for one in changes if one.action == "remove"]
    changes = [one for one in changes if one not in kept]
    if changes and not yes:
        _ask(changes)
    with operator() as city, progress(len(changes), "Applying") as advance:
        applied = do(city, changes, wanted, lambda change: advance(1))
    if secrets_to and applied.once:
        _write(secrets_to, applied)
    show(
        {**applied.as_json(), "kept": [one.as_json() for one in kept]},
        as_json,
        "\n".join(_told(applied, kept, secrets_to)),
    )
    if applied.failed:
        raise typer.Exit(1)


@policy.command(epilog="Example: supercity policy dump > city.yaml")
def dump(as_json: AsJson = False) -> None:
    """Print the running city's policy as a file; compared with it, it makes no difference."""
    from gateway.cli.policy import running, writing

    with operator() as city:
        found = running.read(city)
    show(writing.as_data(found), as_json, writing.as_yaml(found).rstrip())


@policy.command(epilog="Example: supercity policy schema > supercity-policy.schema.json")
def schema() -> None:
    """Print the file's JSON Schema, by which editors complete and check it."""
    from gateway.cli.policy.writing import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def _read(file: Path) -> Policy:
    from gateway.cli.operator import Refused
    from gateway.cli.policy.checks import load

    found, findings = load(file)
    lines = "\n".join(one.line(file) for one in findings)
    if found is None:
        raise Refused(f"Nothing was asked of the city, for the file is wrong:\n{lines}")
    if lines:
        typer.echo(lines, err=True)
    return found


def _compared(wanted: Policy) -> list[Change]:
    from gateway.cli.policy import running
    from gateway.cli.policy.applying import in_order
    from gateway.cli.policy.diff import compare
    from gateway.cli.policy.doubts import doubts

    with operator() as city:
        for doubt in doubts(city, wanted):
            typer.echo(doubt, err=True)
        return in_order(compare(running.read(city, wanted), wanted))


def _ask(changes: list[Change]) -> None:
    """On standard error, as what is printed is for others."""
    text = "\n".join(_painted(one) for one in changes)
    typer.echo(f"{text}\n{_summary(changes)}", err=True)
    typer.confirm("Apply this?", abort=True, err=True)


def _painted(change: Change) -> str:
    head, *rest = change.lines()
    return "\n".join((paint(head, _COLOURS[change.action]), *rest))


def _summary(changes: list[Change]) -> str:
    counts = {
        said: sum(one.action == action for one in changes)
        for action, said in (("add", "to make"), ("change", "to change"), ("remove", "to remove"))
    }
    return ", ".join(f"{count} {said}" for said, count in counts.items() if count)


def _told(applied: Applied, kept: list[Change], secrets_to: Path | None) -> list[str]:
    lines = [f"{paint('✓', 'green')} {_head(one)}" for one in applied.done]
    if not secrets_to:
        lines += [f"  shown once: {' '.join(one.values())}" for one in applied.once]
    elif applied.once:
        lines.append(f"What is shown once is in {secrets_to}.")
    if applied.failed:
        change, why = applied.failed
        lines.append(f"{paint('✗', 'red')} {_head(change)}: {why}")
        lines += [f"  not begun: {_head(one)}" for one in applied.left]
    elif not applied.done:
        lines.append("Nothing to do.")
    if kept:
        names = ", ".join(f"{one.kind} {one.name}" for one in kept)
        lines.append(f"Kept, though the file does not name them (--prune removes them): {names}")
    return lines


def _head(change: Change) -> str:
    return next(change.lines())


def _write(path: Path, applied: Applied) -> None:
    from gateway.private_file import write_private

    write_private(path, {"shownOnce": applied.once})
