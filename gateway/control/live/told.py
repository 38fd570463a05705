"""How the picture's parts are written in JSON: camelCase members, as all of the city's APIs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel


class Told:
    """Base of dataclasses that pydantic writes out."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, populate_by_name=True
    )
