"""CloudEvents 1.0: the envelope of everything that happens (https://cloudevents.io, JSON format).

Types are ``city.<domain>.<noun>.<verb>``; the log keeps a topic per ``city.<domain>.<noun>``, keyed
by ``subject`` so that what happens to one thing stays in order.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"
TYPE_PATTERN: Final = re.compile(r"city\.[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")

_Text = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class CloudEvent(BaseModel):
    """One event in the JSON format; unknown members are extension attributes and are kept.

    ``source`` + ``id`` identify the event (CloudEvents §3.1.1): the same pair is the same event,
    however often it is sent.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")] = "1.0"
    id: _Text = Field(default_factory=lambda: str(uuid4()))
    source: _Text
    type: Annotated[str, StringConstraints(pattern=f"^{TYPE_PATTERN.pattern}$", max_length=200)]
    subject: _Text
    """The thing it happened to; the platform needs it (CloudEvents does not) to keep order."""
    time: AwareDatetime
    datacontenttype: _Text = "application/json"
    dataschema: _Text | None = None
    data: dict[str, Any]

    @property
    def topic(self) -> str:
        """The log's topic: the type without its verb."""
        return self.type.rpartition(".")[0]

    def as_json(self) -> dict[str, Any]:
        """The JSON format of CloudEvents, absent attributes left out."""
        return self.model_dump(mode="json", exclude_none=True)


def event(
    type_: str,
    data: BaseModel,
    *,
    source: str,
    subject: str,
    time: datetime,
    key: str = "",
) -> CloudEvent:
    """An event whose ``data`` is one of the registered models.

    Args:
        key: what makes this happening unique within ``source``; with it the event id is derived,
            so that saying the same thing twice is one event. Random without.
    """
    identity = str(uuid5(NAMESPACE_URL, f"{source}|{type_}|{key}")) if key else str(uuid4())
    body = data.model_dump(mode="json", by_alias=True, exclude_none=True)
    return CloudEvent(
        id=identity,
        source=source,
        type=type_,
        subject=subject,
        time=time,
        dataschema=f"/schemas/v1/{type_}",
        data=body,
    )
