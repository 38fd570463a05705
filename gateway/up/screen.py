"""What a person sees: one line for each thing that is ready, then how to use the city."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from typing import TextIO

from gateway.up.cast import RESIDENTS, SAMPLE_APP
from gateway.up.papers import Papers
from gateway.up.plan import Plan

_CENTRE = "139.88,36.55"


class Screen:
    """Lines for a person; green and red only where there is a terminal."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._coloured = out.isatty()

    def say(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def done(self, what: str, seconds: float, where: str = "") -> None:
        self.say(f"  {self._paint('✓', 32)} {what:<12}{seconds:5.1f} s  {where}".rstrip())

    def failed(self, what: str, why: str, tail: Iterable[str] = ()) -> None:
        self.say(f"  {self._paint('✗', 31)} {what}: {why}")
        for line in tail:
            self.say(f"      {line}")

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text


def guide(plan: Plan, papers: Papers, stop: str, invitation: str = "") -> str:
    """Addresses, credentials, and four lines that work when pasted into a shell.

    Args:
        stop: a stop that something departs from.
        invitation: what the console's first operator opens; empty when there is one already.
    """
    return "\n".join(
        (
            "Mirai City (みらい市) is up.",
            "",
            f"  open API        {plan.gateway_url}  (all of it: {plan.gateway_url}/openapi.json)",
            f"  for developers  {plan.gateway_url}/developers",
            f"  for residents   {plan.gateway_url}/my",
            f"  for operators   {plan.gateway_url}/console",
            *_first_operator(invitation),
            f"  metrics         http://127.0.0.1:{plan.ports.admin}/metrics",
            f"  data and logs   {plan.folder}",
            "",
            f"  client id       {SAMPLE_APP}",
            f"  client secret   {papers.client_secrets[SAMPLE_APP]}",
            f"  residents       {_residents(papers)}",
            "",
            "Paste these: get a token, read departures, query entities near a point, watch events.",
            "",
            *curls(plan, papers, stop),
            "",
            "Ctrl-C stops everything.",
        )
    )


def _first_operator(invitation: str) -> tuple[str, ...]:
    if not invitation:
        return ()
    return (f"  first operator  {invitation}  (good once, for three days)",)


def curls(plan: Plan, papers: Papers, stop: str) -> tuple[str, str, str, str]:
    """The four lines."""
    url = plan.gateway_url
    user = shlex.quote(f"{SAMPLE_APP}:{papers.client_secrets[SAMPLE_APP]}")
    bearer = '-H "Authorization: Bearer $TOKEN"'
    near = f"type=Shelter&georel=near;maxDistance==3000&geometry=Point&coordinates=[{_CENTRE}]"
    return (
        f"TOKEN=$(curl -s -u {user} -d grant_type=client_credentials {url}/oauth/token"
        """ | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')""",
        f'curl -s -w "\\n" {bearer} "{url}/mobility/v1/stops/{stop}/departures?limit=3"',
        f'curl -sg -w "\\n" {bearer} "{url}/ngsi-ld/v1/entities?{near}&options=keyValues&limit=3"',
        f'curl -sN {bearer} "{url}/events/v1/stream?types=city.*"',
    )


def _residents(papers: Papers) -> str:
    return ", ".join(f"{name} / {papers.passwords[name]}" for name in RESIDENTS)
