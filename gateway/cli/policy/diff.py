"""What is different between two policies: pure, and empty exactly if they are equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from gateway.cli.policy.document import SAID_ONCE, Part, Policy

Action = Literal["add", "change", "remove"]
Kind = Literal["linkage", "api", "client", "person"]

_SECTIONS: Final[tuple[tuple[str, Kind], ...]] = (
    ("apis", "api"),
    ("clients", "client"),
    ("staff", "person"),
)
_MARKS: Final[dict[Action, str]] = {"add": "+", "change": "~", "remove": "-"}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to make, change or remove.

    Attributes:
        fields: name → value in the city and value wanted; all of them when it is made.
    """

    action: Action
    kind: Kind
    name: str
    fields: Mapping[str, tuple[Any, Any]]

    def as_json(self) -> dict[str, Any]:
        fields = {field: {"from": old, "to": new} for field, (old, new) in self.fields.items()}
        return {"action": self.action, "kind": self.kind, "name": self.name, "fields": fields}

    def lines(self) -> Iterator[str]:
        yield f"{_MARKS[self.action]} {self.kind} {self.name}"
        for field, (old, new) in self.fields.items():
            if self.action == "add":
                yield f"    {field}: {_short(new)}"
            elif isinstance(old, list) and isinstance(new, list) and _moved(old, new):
                yield f"    {field}: {_moved(old, new)}"
            else:
                yield f"    {field}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(one)}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in ("", None) else str(value)


def _moved(old: list[Any], new: list[Any]) -> str:
    """What went and what came; empty where only the order is another."""
    gone = [f"-{_short(one)}" for one in old if one not in new]
    come = [f"+{_short(one)}" for one in new if one not in old]
    return " ".join((*gone, *come))


def compare(running: Policy, wanted: Policy) -> list[Change]:
    """What would have to be done for the running city to be as wanted.

    Sections that ``wanted`` leaves out are not compared.
    """
    found: list[Change] = []
    if wanted.linkage is not None:
        now = running.linkage.model_dump(mode="json") if running.linkage else {}
        fields = _differing(now, wanted.linkage.model_dump(mode="json"))
        if fields:
            found.append(Change("change", "linkage", "limit", fields))
    for section, kind in _SECTIONS:
        if getattr(wanted, section) is not None:
            for one in _section(kind, _plain(running, section), _plain(wanted, section)):
                new = getattr(wanted, section)[one.name] if one.action == "add" else None
                found.append(replace(one, fields=_said(new)) if new else one)
    return found


def _said(part: Part) -> dict[str, tuple[Any, Any]]:
    """What the file says of what is made; where its secret is from is nothing to tell."""
    said = part.model_dump(mode="json", exclude_defaults=True, exclude={"secret"})
    return {field: (None, value) for field, value in said.items()}


def _plain(policy: Policy, section: str) -> dict[str, dict[str, Any]]:
    parts = getattr(policy, section) or {}
    return {name: part.model_dump(mode="json") for name, part in parts.items()}


def _section(
    kind: Kind, running: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]
) -> Iterator[Change]:
    once = SAID_ONCE.get({"client": "clients", "person": "staff"}.get(kind, ""), frozenset())
    for name in sorted({*running, *wanted}):
        if name not in wanted:
            yield Change("remove", kind, name, {})
        elif name not in running:
            yield Change("add", kind, name, {})
        elif fields := _differing(running[name], wanted[name], once):
            yield Change("change", kind, name, fields)


def _differing(
    now: dict[str, Any], wanted: dict[str, Any], once: frozenset[str] = frozenset()
) -> dict[str, tuple[Any, Any]]:
    return {
        field: (now.get(field), value)
        for field, value in wanted.items()
        if field not in once and now.get(field) != value
    }
