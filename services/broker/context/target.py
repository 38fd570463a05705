"""The one entity that a request's path names, and under which conditions it is meant."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from services.broker.context.conditional import ANY, Preconditions, preconditions
from services.broker.context.entities import Mutation
from services.broker.context.errors import ResourceNotFound
from services.broker.context.model import ContextEntity, check_id
from services.broker.context.params import Params
from services.broker.context.selection import TypeSelection, parse_type_selection
from services.broker.parts import Broker


@dataclass(frozen=True, slots=True)
class Target:
    """An entity by its id.

    Attributes:
        types: what it has to be, for this request (§4.17); else it is not there.
        conditions: the state that it has to be in to be changed.
    """

    id: str
    types: TypeSelection
    conditions: Preconditions
    params: Params

    async def get(self, broker: Broker) -> ContextEntity:
        """The entity.

        Raises:
            ResourceNotFound: it is not there.
        """
        found = await broker.entities.get(
            self.id, personal=self.params.personal, tenant=self.params.tenant
        )
        self._check_type(found)
        return found

    async def change(self, broker: Broker, mutation: Mutation) -> None:
        """Apply a mutation to the entity.

        Raises:
            ResourceNotFound: it is not there.
            Problem: 412; it is in another state.
        """

        def guarded(old: ContextEntity, now: str) -> ContextEntity | None:
            self._check_type(old)
            self.conditions.check(old)
            return mutation(old, now)

        await broker.entities.change(
            self.id, guarded, personal=self.params.personal, tenant=self.params.tenant
        )

    def _check_type(self, entity: ContextEntity) -> None:
        if not self.types.matches(entity.types):
            raise ResourceNotFound(f"There is no entity {self.id} of that type.")


def target_of(request: Request, params: Params) -> Target:
    """The entity that a request's path names.

    Raises:
        BadRequestData: its id is none, or ``type`` is no selection.
    """
    types = parse_type_selection(params.given.get("type", ""), params.context)
    id_ = check_id(request.path_params["entity"])
    reads = request.method == "GET"  # which is under no such condition
    return Target(id_, types, ANY if reads else preconditions(request.headers), params)
