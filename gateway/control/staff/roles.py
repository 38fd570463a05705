"""What each role may ask for: the scopes of a member of staff are those of their roles, no others.

A role opens what its work needs. ``auditor`` reads everything that was done and changes nothing, so
nobody holds it together with a role that does (:func:`check_roles`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from schemas import scopes

Role = Literal["operator", "auditor", "data-holder", "developer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

SCOPES: Final[dict[Role, frozenset[str]]] = {
    "operator": frozenset(scope for scope in scopes.DESCRIPTIONS if scope.startswith("operator:")),
    "auditor": frozenset((scopes.AUDIT_READ,)),
    "data-holder": frozenset((scopes.EVENTS_PUBLISH, scopes.EVENTS_REGISTER)),
    "developer": frozenset((scopes.ENTITIES_READ, scopes.EVENTS_READ, scopes.DEVELOPER_CLIENTS)),
}


def scopes_of(roles: Iterable[Role]) -> frozenset[str]:
    """All that people with these roles may ask for."""
    return frozenset(scope for role in roles for scope in SCOPES[role])


def check_roles(roles: Iterable[str]) -> tuple[Role, ...]:
    """The roles, in order and each once.

    Raises:
        ValueError: there is none, an unknown one, or an auditor who would judge their own work.
    """
    given = sorted(set(roles))
    unknown = [name for name in given if name not in ROLES]
    if unknown or not given:
        raise ValueError(f"roles are one or more of {', '.join(ROLES)}, not {unknown or 'none'}")
    if "auditor" in given and len(given) > 1:
        raise ValueError("an auditor has no other role: nobody audits what they did themselves")
    return tuple(role for role in ROLES if role in given)
