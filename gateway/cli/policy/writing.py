"""A policy as a file: what goes without saying is left out."""

from __future__ import annotations

from typing import Any, Final

import yaml

from gateway.cli.policy.document import VERSION, Policy

SCHEMA_FILE: Final = "supercity-policy.schema.json"
HEADER: Final = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# (made by `supercity policy schema > {SCHEMA_FILE}`)
"""


class _Dumper(yaml.SafeDumper):
    """Without aliases, and with lists indented below their name."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def as_yaml(policy: Policy) -> str:
    """A text that reads back as the same policy."""
    text = yaml.dump(
        as_data(policy), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return HEADER + text


def as_data(policy: Policy) -> dict[str, Any]:
    """The policy in JSON's types, without what is as usual."""
    found = policy.model_dump(mode="json", exclude_defaults=True)
    return {"version": VERSION, **{name: one for name, one in found.items() if one is not None}}


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors."""
    found = Policy.model_json_schema()
    for section in ("clients", "staff"):  # names of another form are none at all
        found["properties"][section]["anyOf"][0]["additionalProperties"] = False
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "Policy of a Super City"
    return found
