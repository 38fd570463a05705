from __future__ import annotations

import pytest

from gateway.control.staff.roles import ROLES, check_roles, scopes_of
from schemas import scopes


def test_an_operator_may_whatever_operators_may_and_no_more() -> None:
    assert scopes.OPERATOR_KEYS in scopes_of(["operator"])
    assert scopes.AUDIT_READ not in scopes_of(["operator"])


def test_an_auditor_reads_the_audit_log_and_nothing_else() -> None:
    assert scopes_of(["auditor"]) == {scopes.AUDIT_READ}


@pytest.mark.parametrize(
    "roles", [[], ["mayor"], ["auditor", "operator"], ["auditor", "developer"]]
)
def test_roles_that_cannot_be_are_refused(roles: list[str]) -> None:
    with pytest.raises(ValueError, match=r"role"):
        check_roles(roles)


def test_no_role_opens_personal_data() -> None:
    assert not {scopes.ENTITIES_PERSONAL, scopes.EVENTS_PERSONAL} & scopes_of(ROLES)
