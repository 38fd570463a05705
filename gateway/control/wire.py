"""Base of what the control plane's own APIs say in JSON: camelCase members."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from schemas.problem import Fault


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Finding(Wire):
    """One thing that is wrong in a document (:class:`schemas.problem.Fault`)."""

    where: str
    what: str
    fix: str = ""

    @classmethod
    def of(cls, fault: Fault) -> Finding:
        return cls(where=fault.where, what=fault.what, fix=fault.fix)
