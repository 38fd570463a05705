"""Path templates: which are clear enough to route by, and when two mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.control.policy.findings import Findings

LONGEST: Final = 1000
MOST_SEGMENTS: Final = 32
PARAMETER: Final = None
"""Stands for "any one segment" in a shape."""

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]{0,63})\}")
# RFC 3986 pchar without percent-encoding: one spelling for one path
_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")

Shape = tuple[str | None, ...]
"""A template's segments with every parameter as :data:`PARAMETER`."""


def split(path: str, where: str, findings: Findings) -> list[str] | None:
    """The segments of a template; ``None``, with findings, when it is not safe to route by."""
    segments = path.split("/")[1:]
    if not path.startswith("/") or len(path) > LONGEST or len(segments) > MOST_SEGMENTS:
        findings.add(
            where,
            "The path does not begin with / or is too long.",
            f"At most {LONGEST} characters and {MOST_SEGMENTS} segments.",
        )
        return None
    # an empty last segment is a trailing slash, which some frameworks insist on
    problems = [_problem(segment) for segment in segments[:-1]]
    problems.append(_problem(segments[-1]) if segments[-1] else "")
    found = [problem for problem in problems if problem]
    names = list(parameters(segments))
    if len(set(names)) != len(names):
        found.append("names a parameter twice")
    for problem in found:
        findings.add(where, f"The path {problem}.", "Write plain segments and {name} segments.")
    return None if found else segments


def _problem(segment: str) -> str:
    if segment == "":
        return "has an empty segment (//)"
    if segment in {".", ".."}:
        return f"has a {segment} segment"
    if "%" in segment:
        return f"has percent-encoding in {segment!r}"
    if "{" in segment or "}" in segment:
        return "" if _PARAMETER.fullmatch(segment) else f"has {segment!r}, not a whole {{name}}"
    return "" if _LITERAL.fullmatch(segment) else f"has characters not allowed in {segment!r}"


def parameters(segments: Iterable[str]) -> Iterator[str]:
    for segment in segments:
        if found := _PARAMETER.fullmatch(segment):
            yield found[1]


def shape(segments: Iterable[str]) -> Shape:
    return tuple(PARAMETER if _PARAMETER.fullmatch(segment) else segment for segment in segments)


def crossing(shapes: Iterable[Shape]) -> Iterator[tuple[Shape, Shape]]:
    """Pairs that one path can match without either being the narrower.

    ``/a/b`` is narrower than ``/a/{x}`` and wins. Of ``/a/{x}/c`` and ``/a/b/{y}`` neither is, and
    which answers ``/a/b/c`` would be an accident.
    """
    by_length: dict[int, list[Shape]] = {}
    for one in sorted(set(shapes), key=str):
        for other in by_length.setdefault(len(one), []):
            if _cross(one, other):
                yield other, one
        by_length[len(one)].append(one)


def _cross(one: Shape, other: Shape) -> bool:
    narrower = wider = False
    for mine, yours in zip(one, other, strict=True):
        if mine == yours:
            continue
        if mine is not PARAMETER and yours is not PARAMETER:
            return False
        narrower, wider = narrower or yours is PARAMETER, wider or mine is PARAMETER
    return narrower and wider


def template(one: Shape) -> str:
    """A shape in words, for a finding."""
    return "/" + "/".join("{…}" if segment is PARAMETER else segment for segment in one)
