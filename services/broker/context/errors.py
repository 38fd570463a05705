"""The refusals of NGSI-LD (GS CIM 009 §5.5.2, statuses in §6.3.2), as problem details::

NgsiProblem
├── BadRequestData    400  the input does not meet the operation's requirements
├── InvalidRequest    400  the request cannot be read
├── ResourceNotFound  404
├── NonexistentTenant 404
├── AlreadyExists     409
├── TooManyResults    403  the query means more than can be answered
├── TooComplexQuery   403
├── OperationNotSupported 422
├── NotAcceptable     406  no representation that the caller accepts
├── UnsupportedMediaType 415
├── LdContextNotAvailable 503  an @context that the request names cannot be had
└── NoMultiTenantSupport 501
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from schemas.problem import Problem

TYPE_PREFIX: Final = "https://uri.etsi.org/ngsi-ld/errors/"


class NgsiProblem(Problem):
    """A refusal whose ``type`` is one of the specification's error types."""

    error: ClassVar[str] = "InternalError"

    def as_json(self, instance: str = "") -> dict[str, Any]:
        return {**super().as_json(instance), "type": TYPE_PREFIX + self.error}


class BadRequestData(NgsiProblem):
    error = "BadRequestData"
    default_status = 400
    default_title = "The data does not meet the requirements of the operation"


class InvalidRequest(NgsiProblem):
    error = "InvalidRequest"
    default_status = 400
    default_title = "The request cannot be read"


class ResourceNotFound(NgsiProblem):
    error = "ResourceNotFound"
    default_status = 404
    default_title = "There is no such entity or attribute"


class NonexistentTenant(NgsiProblem):
    error = "NonexistentTenant"
    default_status = 404
    default_title = "There is no such tenant"


class AlreadyExists(NgsiProblem):
    error = "AlreadyExists"
    default_status = 409
    default_title = "The entity exists already"


class TooManyResults(NgsiProblem):
    error = "TooManyResults"
    default_status = 403
    default_title = "The query means more than can be answered"


class TooComplexQuery(NgsiProblem):
    error = "TooComplexQuery"
    default_status = 403
    default_title = "The query is too complex"


class OperationNotSupported(NgsiProblem):
    error = "OperationNotSupported"
    default_status = 422
    default_title = "The operation is not supported"


class LdContextNotAvailable(NgsiProblem):
    error = "LdContextNotAvailable"
    default_status = 503
    default_title = "A remote @context cannot be had"


class NoMultiTenantSupport(NgsiProblem):
    error = "NoMultiTenantSupport"
    default_status = 501
    default_title = "This broker serves one city"


class UnsupportedMediaType(NgsiProblem):
    """Answered without a body (§6.3.4)."""

    error = "InvalidRequest"
    default_status = 415
    default_title = "The content type is not spoken here"


class NotAcceptable(NgsiProblem):
    error = "InvalidRequest"
    default_status = 406
    default_title = "There is no such representation"
