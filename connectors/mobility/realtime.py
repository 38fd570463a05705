"""GTFS Realtime (https://gtfs.org/documentation/realtime/reference/): protobuf → messages.

The three kinds of feed are documents of their own; each takes only entities of its kind. The text
form of protocol buffers, in which examples are written, is understood as well.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as pb

from connectors.faults import Faults

STANDARD: Final = "GTFS Realtime 2.0"
MOST_ENTITIES: Final = 100_000
_FAR = 4_102_444_800  # 2100-01-01: a later time is milliseconds taken for seconds


class Message:
    """A feed message that has been read and checked.

    Attributes:
        at: when the feed was made; None when it does not say.
        entities: the feed's entities of the wanted kind, deleted ones left out.
    """

    def __init__(self, at: datetime | None, entities: list[Any]) -> None:
        self.at = at
        self.entities = entities


def parse_realtime(raw: bytes, kind: str) -> Message:
    """Read a feed of one kind.

    Args:
        kind: ``vehicle``, ``trip_update`` or ``alert``: the field of FeedEntity.

    Raises:
        Unprocessable: it is not a whole, consistent message of that kind.
    """
    faults = Faults(STANDARD)
    message = _decode(raw, faults)
    _check_header(message, faults)
    entities = _of_kind(message, kind, faults)
    check = _CHECKS[kind]
    for entity in entities:
        check(entity, faults)
    faults.check()
    return Message(moment(message.header.timestamp), entities)


def moment(seconds: int) -> datetime | None:
    """POSIX seconds as a moment; None for 0, which means "not told"."""
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _FAR else None


def _decode(raw: bytes, faults: Faults) -> Any:
    message = pb.FeedMessage()
    try:
        message.ParseFromString(raw)
    except DecodeError as error:
        return _decode_text(raw, str(error), faults)
    return message


def _decode_text(raw: bytes, reason: str, faults: Faults) -> Any:
    try:
        return text_format.Parse(raw.decode("utf-8"), pb.FeedMessage())
    except (text_format.ParseError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = str(error)[:200] if _looks_like_text(raw) else reason[:200]
        faults.stop("message", f"Not a whole FeedMessage: {what}.", "send the protobuf bytes whole")


def _looks_like_text(raw: bytes) -> bool:
    return raw[:64].isascii() and b"header" in raw[:4096]


def _check_header(message: Any, faults: Faults) -> None:
    header = message.header
    if header.gtfs_realtime_version not in ("1.0", "2.0"):
        faults.add(
            "header.gtfs_realtime_version",
            f"Version {header.gtfs_realtime_version[:20]!r} is neither 1.0 nor 2.0.",
        )
    if header.incrementality != pb.FeedHeader.FULL_DATASET:
        faults.add(
            "header.incrementality", "Only FULL_DATASET is taken.", "send the whole state each time"
        )
    if header.timestamp >= _FAR:
        faults.add("header.timestamp", "It is in seconds, not milliseconds.")
    if len(message.entity) > MOST_ENTITIES:
        faults.stop("entity", f"More than {MOST_ENTITIES} entities.")


def _of_kind(message: Any, kind: str, faults: Faults) -> list[Any]:
    seen: set[str] = set()
    found = []
    for i, entity in enumerate(message.entity):
        if entity.id in seen:
            faults.add(f"entity[{i}].id", f"{entity.id[:40]!r} is there twice.")
        seen.add(entity.id)
        if entity.is_deleted:
            continue
        if entity.HasField(kind):
            found.append(entity)
    if message.entity and not found and not all(e.is_deleted for e in message.entity):
        faults.add("entity", f"No entity has a {kind}.", f"put only {kind} entities in this feed")
    return found


def _check_vehicle(entity: Any, faults: Faults) -> None:
    if not entity.vehicle.HasField("position"):
        return
    position = entity.vehicle.position
    where = f"entity {entity.id!r} vehicle.position"
    if not (isfinite(position.latitude) and -90 <= position.latitude <= 90):
        faults.add(f"{where}.latitude", "It is not from -90 to 90.")
    if not (isfinite(position.longitude) and -180 <= position.longitude <= 180):
        faults.add(f"{where}.longitude", "It is not from -180 to 180.")
    if not (isfinite(position.bearing) and isfinite(position.speed) and position.speed >= 0):
        faults.add(where, "Bearing and speed are numbers, the speed not below 0.")


def _check_trip_update(entity: Any, faults: Faults) -> None:
    trip = entity.trip_update.trip
    if not (trip.trip_id or trip.route_id):
        faults.add(f"entity {entity.id!r} trip_update.trip", "It names no trip.", "set trip_id")
    for i, update in enumerate(entity.trip_update.stop_time_update):
        if not (update.HasField("stop_sequence") or update.stop_id):
            faults.add(
                f"entity {entity.id!r} stop_time_update[{i}]",
                "It names no stop.",
                "set stop_sequence or stop_id",
            )


def _check_alert(entity: Any, faults: Faults) -> None:
    for period in entity.alert.active_period:
        if period.end and period.start > period.end:
            where = f"entity {entity.id!r} alert.active_period"
            faults.add(where, "It ends before it starts.")


_CHECKS: Final[dict[str, Callable[[Any, Faults], None]]] = {
    "vehicle": _check_vehicle,
    "trip_update": _check_trip_update,
    "alert": _check_alert,
}
