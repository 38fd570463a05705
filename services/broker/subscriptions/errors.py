"""Refusals that only subscriptions have (GS CIM 009 §5.5.2)."""

from __future__ import annotations

from services.broker.context.errors import NgsiProblem


class OperationNotSupported(NgsiProblem):
    error = "OperationNotSupported"
    default_status = 422
    default_title = "The operation is not offered"
