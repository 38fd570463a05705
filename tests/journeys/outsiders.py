"""Who shares data with the city from outside, written from the specifications: nothing is ours.

The standard library alone: no client library, no schema and no helper of this repository. Each
keeps in ``meant`` what the city should know in the end: a thing's name → its latest value.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any
from uuid import uuid4

DOCK_CHANGED = "city.bikeshare.dock.changed"
_PATIENCE = 60.0


class Api:
    """The city's open API as anybody may call it: a token, JSON, and patience.

    Asks again when there was no answer or the city says that it cannot at the moment (429, 5xx),
    after as long as ``Retry-After`` says; so a request may arrive twice.

    Attributes:
        retried: how often it had to ask again.
    """

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self._url = url
        self.retried = 0
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
        fields = {"content-type": "application/x-www-form-urlencoded"}
        told = self._once(
            "POST", "/oauth/token", form, {**fields, "authorization": f"Basic {basic}"}
        )
        self._bearer = f"Bearer {json.loads(told)['access_token']}"

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """The answer's JSON, None without; raises ``HTTPError`` when the city refuses."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"authorization": self._bearer, "content-type": kind}
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = self._once(method, path, None if body is None else raw, fields)
                return json.loads(answer) if answer else None
            except urllib.error.HTTPError as error:
                if (error.code != 429 and error.code < 500) or time.monotonic() > deadline:
                    raise
                pause = float(error.headers.get("retry-after") or 0.2)
            except (OSError, HTTPException):
                if time.monotonic() > deadline:
                    raise
                pause = 0.2
            self.retried += 1
            time.sleep(pause)

    def _once(self, method: str, path: str, body: bytes | None, fields: dict[str, str]) -> bytes:
        # S310: the address is the city's, given by the test
        request = urllib.request.Request(self._url + path, body, fields, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
            return bytes(answer.read())


class BikeConnector:
    """Shared bikes: entities and an event type of its own, straight to the broker."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.meant: dict[str, Any] = {}
        self.said: list[str] = []
        """Ids of its events, in order."""
        schema = {
            "type": "object",
            "properties": {"bikes": {"type": "integer", "minimum": 0}},
            "required": ["bikes"],
            "additionalProperties": False,
        }
        what = {"schema": schema, "description": "A dock has another number of bikes"}
        api.ask("POST", f"/schemas/v1/{DOCK_CHANGED}/versions", what)

    def share(self, turn: int) -> None:
        """One dock has other bikes: what is true of it, and that it happened."""
        dock = f"urn:ngsi-ld:BikeHireDockingStation:rinrin:{turn % 5}"
        entity = {
            "id": dock,
            "type": "BikeHireDockingStation",
            "availableBikeNumber": {"type": "Property", "value": turn},
        }
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "https://rinrin.example/docks",
            "type": DOCK_CHANGED,
            "subject": dock,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": {"bikes": turn},
        }
        self._api.ask("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", [entity])
        self._api.ask("POST", "/events/v1/events", event, "application/cloudevents+json")
        self.said.append(event["id"])
        self.meant[dock] = turn


class DataHolder:
    """A disaster office and a forwarder in one: CAP alerts and EPCIS events over the open API."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.meant: dict[str, Any] = {}

    def share(self, turn: int) -> None:
        """A parcel is seen; at each fifth turn an alert goes out, and every other one is lifted."""
        epc, event = f"urn:epc:id:sscc:0999990.{turn % 4:010}", f"urn:uuid:{uuid4()}"
        self._api.ask("POST", "/logistics/v1/capture", _epcis(epc, event), "application/ld+json")
        self.meant[epc] = event
        if turn % 5 == 0:
            told = self._alert(f"{uuid4()}", "Alert")
            self.meant[told["id"]] = "active"
            if turn % 2 == 0:
                reference = f"bousai@outside.example,{told['identifier']},{told['sent']}"
                self._alert(f"{uuid4()}", "Cancel", reference)
                self.meant[told["id"]] = "cancelled"

    def _alert(self, identifier: str, kind: str, reference: str = "") -> dict[str, Any]:
        document = _cap(identifier, kind, reference)
        told = self._api.ask("POST", "/disaster/v1/alerts", document, "application/cap+xml")
        assert isinstance(told, dict), told
        return told


def _epcis(epc: str, event: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": now,
        "epcisBody": {
            "eventList": [
                {
                    "type": "ObjectEvent",
                    "eventID": event,
                    "eventTime": now,
                    "eventTimeZoneOffset": "+09:00",
                    "epcList": [epc],
                    "action": "OBSERVE",
                    "bizStep": "arriving",
                }
            ]
        },
    }


def _cap(identifier: str, kind: str, reference: str) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0)
    references = f"<references>{reference}</references>" if reference else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
      <identifier>{identifier}</identifier><sender>bousai@outside.example</sender>
      <sent>{now.isoformat()}</sent><status>Actual</status><msgType>{kind}</msgType>
      <scope>Public</scope>{references}
      <info>
        <language>ja-JP</language><category>Met</category><event>大雨警報</event>
        <urgency>Expected</urgency><severity>Moderate</severity><certainty>Likely</certainty>
        <expires>{(now + timedelta(hours=1)).isoformat()}</expires>
        <area><areaDesc>みらい市北部</areaDesc>
          <polygon>36.60,139.86 36.60,139.90 36.62,139.90 36.62,139.86 36.60,139.86</polygon>
        </area>
      </info>
    </alert>""".encode()
