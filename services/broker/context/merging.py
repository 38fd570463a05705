"""What an update makes of one attribute instance.

Partial update (GS CIM 009 §5.5.8) replaces members, merge (§5.5.12) goes into values as deep as
they are.
"""

from __future__ import annotations

from typing import Any

from services.broker.context.errors import BadRequestData
from services.broker.context.json_merge import merge_json
from services.broker.context.jsonld import Context
from services.broker.context.kinds import METADATA, NULL, STAMPS, VALUE_OF, Instance, is_null
from services.broker.context.notation import Bare
from services.broker.context.values import held_by


def patched(old: Instance, new: Instance) -> Instance:
    """``old`` with the members of ``new`` in place of its own; null removes one (§5.5.8)."""
    members = {**old, **{k: v for k, v in new.items() if k not in STAMPS}}
    return {name: member for name, member in members.items() if not _is_removal(name, member)}


def merged(old: Instance, new: Instance, context: Context, lang: str = "") -> Instance:
    """``old`` merged with ``new``, its value too (§5.5.12).

    Args:
        lang: the language of a text that comes alone where there is a languageMap (§6.5.3.4).

    Raises:
        BadRequestData: a value that came alone cannot be one of the kind that is there.
    """
    if isinstance(new, Bare):
        new = _of_kind(new, old["type"], context, lang)
    if old["type"] != new["type"]:
        return completed(new)
    holder = VALUE_OF[old["type"]]
    result = patched(old, {name: member for name, member in new.items() if name != holder})
    for name, member in new.items():
        if ":" in name and name in old and not _is_removal(name, member):
            result[name] = _sub_attribute(old[name], member, context, lang)
    result[holder] = merge_json(old[holder], new[holder])
    return result


def _sub_attribute(
    old: list[Instance], new: list[Instance], context: Context, lang: str
) -> list[Instance]:
    if len(old) == len(new) == 1:
        return [merged(old[0], new[0], context, lang)]
    return new


def completed(new: Instance, *, removes: bool = True) -> Instance:
    """An instance that is new, without what says "remove this".

    Args:
        removes: whether anything besides a member of its value can say so.
    """
    holder = VALUE_OF[new["type"]]
    if not removes and not isinstance(new[holder], dict):
        return new
    kept = {name: member for name, member in new.items() if not _is_removal(name, member)}
    return {**kept, holder: merge_json(None, new[holder])}


def _of_kind(new: Bare, kind: str, context: Context, lang: str) -> Instance:
    """A value that came alone, as one of the kind that is there already (§5.6.17)."""
    if new["type"] == kind:
        return new
    holder = VALUE_OF[kind]
    value = new["value"]
    if kind == "LanguageProperty" and not isinstance(value, dict):
        value = {lang or "@none": value}
    try:
        return {"type": kind, holder: held_by(kind, value, context, "")}
    except BadRequestData as error:
        raise BadRequestData(f"The attribute is a {kind}{error.detail}") from error


def _is_removal(name: str, member: Any) -> bool:
    """Of a member of an instance: a sub-attribute or a description that says "remove this"."""
    if ":" in name:
        return len(member) == 1 and is_null(member[0])
    return name in METADATA and bool(member == NULL)
