"""Whose record a personal request is about: always that of the resident behind the token."""

from __future__ import annotations

import hmac

from connectors.links import Links
from schemas.kit.caller import Caller
from schemas.problem import Forbidden, NotFound


def subject_of(caller: Caller, named: str) -> str:
    """The resident's pseudonym here, if the path's ``named`` is the resident (or ``me``).

    The gateway has checked the same; a data holder does not rely on one lock.

    Raises:
        Forbidden: there is no resident behind the call.
        NotFound: the path names another one, who is as unknown as one that does not exist.
    """
    if not caller.subject:
        raise Forbidden("This is a resident's own data: call it with a token of the resident.")
    if named != "me" and not hmac.compare_digest(named.encode(), caller.subject.encode()):
        raise NotFound("There is no such resident for this token; use `me`.")
    return caller.subject


async def record_of(links: Links, caller: Caller, named: str) -> str:
    """The data holder's own id of the resident.

    Raises:
        Forbidden: see :func:`subject_of`.
        NotFound: the same; or the resident is not linked here.
    """
    return await links.local_id(subject_of(caller, named))
