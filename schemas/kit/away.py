"""What an API answers while its store is away: 503 and when to come again, not a failure."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from schemas.kit.app import problem_response
from schemas.problem import Unavailable

logger = logging.getLogger(__name__)

STORE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What the stores' drivers raise when there is nobody, or nobody in time."""


def answer_while_away(app: FastAPI) -> None:
    """Have ``app`` answer 503 with ``Retry-After`` when its store cannot be reached or is busy."""
    for kind in STORE_AWAY:
        app.add_exception_handler(kind, _on_store_away)


async def _on_store_away(request: Request, error: Exception) -> Response:
    logger.error("the store is away: %s", type(error).__name__)
    problem = Unavailable("The store is away or busy; try again.", headers={"retry-after": "2"})
    return problem_response(request, problem)
