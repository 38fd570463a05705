"""Problem details for HTTP APIs (RFC 9457): the one form in which the platform says "no".

A problem says what was wrong, where, and what to do::

    Problem                 any refusal, status given by hand
    ├── BadRequest     400  the request cannot be read
    ├── Unauthorized   401  no token, or one that is not good
    ├── Forbidden      403  the token is good but does not reach this far
    ├── NotFound       404
    ├── Conflict       409  the request contradicts what is stored
    ├── TooLarge       413
    ├── Unprocessable  422  read, understood, and wrong in itself
    ├── TooMany        429  carries ``Retry-After``
    └── Unavailable    503  carries ``Retry-After``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:problem-type:supercity:"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in the input.

    Attributes:
        where: JSON Pointer, XPath, ``file.txt:12 column``, or the name of a header or parameter.
        what: what is wrong there, in one sentence.
        fix: what the caller can do about it; empty when ``what`` already says it.
    """

    where: str
    what: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        found = {"where": self.where, "what": self.what}
        return {**found, "fix": self.fix} if self.fix else found


@dataclass(eq=False)
class Problem(Exception):
    """A refusal that reaches the caller as ``application/problem+json``.

    Args:
        detail: what went wrong in this very request, and what to do about it.
        faults: the single things that are wrong, when there may be several.
        headers: header fields that belong to the answer, such as ``Retry-After``.
        extra: further members of the problem object (RFC 9457 §3.2).
        status: HTTP status code; given by the subclass unless set here.
        slug: last part of the problem type URI; given by the subclass unless set here.
        title: short summary of the problem *type* (RFC 9457 §3.1.4).
    """

    default_status: ClassVar[int] = 500
    default_slug: ClassVar[str] = "internal"
    default_title: ClassVar[str] = "The platform failed to answer"

    detail: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    slug: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        self.status = self.status or self.default_status
        self.slug = self.slug or self.default_slug
        self.title = self.title or self.default_title
        super().__init__(self.detail)

    def as_json(self, instance: str = "") -> dict[str, Any]:
        """The problem object; ``instance`` identifies this occurrence (RFC 9457 §3.1.5)."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            body["instance"] = instance
        if self.faults:
            body["errors"] = [fault.as_json() for fault in self.faults]
        return {**body, **self.extra}


class BadRequest(Problem):
    default_status = 400
    default_slug = "bad-request"
    default_title = "The request cannot be read"


class Unauthorized(Problem):
    default_status = 401
    default_slug = "unauthorized"
    default_title = "A valid access token is needed"


class Forbidden(Problem):
    default_status = 403
    default_slug = "forbidden"
    default_title = "The access token does not reach this far"


class NotFound(Problem):
    default_status = 404
    default_slug = "not-found"
    default_title = "There is nothing here"


class Conflict(Problem):
    default_status = 409
    default_slug = "conflict"
    default_title = "The request contradicts what is stored"


class TooLarge(Problem):
    default_status = 413
    default_slug = "too-large"
    default_title = "The request is too large"


class Unprocessable(Problem):
    default_status = 422
    default_slug = "unprocessable"
    default_title = "The content is not acceptable"


class TooMany(Problem):
    default_status = 429
    default_slug = "too-many-requests"
    default_title = "Too many requests"


class Unavailable(Problem):
    default_status = 503
    default_slug = "unavailable"
    default_title = "Not available at the moment"
