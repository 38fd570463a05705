"""The works, as scripts for wrk: what one request is, drawn at random for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from loadtests.broker.entities import HEIGHT, RARE, SOUTH, WEST, WIDTH, entity, id_of

ROOT: Final = "/ngsi-ld/v1"

_DONE: Final = """
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.timeout + summary.errors.connect
  io.write(string.format('RESULT {"requests":%d,"us":%d,"p50":%d,"p99":%d,"bad":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
math.randomseed(7)
"""


@dataclass(frozen=True)
class Work:
    """One kind of request.

    Attributes:
        entities: how many entities each is about; 0 where it is the request that counts.
        lua: the body of wrk's ``request`` function.
        connections: at once; 1 to see how long one takes.
    """

    name: str
    does: str
    lua: str
    entities: int = 0
    connections: int = 32

    def script(self, folder: Path) -> Path:
        path = folder / f"{self.name}.lua"
        path.write_text(f"{_DONE}\nrequest = function()\n{self.lua}\nend\n")
        return path


def works(count: int) -> list[Work]:
    """Everything that is measured, over ``count`` entities."""
    return [
        Work("retrieve", "an entity by its id", _get(_one(count))),
        Work("query", "20 by type and q", _get(_query())),
        Work("near-alone", "20 nearest of all, one at a time", _get(_near()), connections=1),
        Work("near", "20 nearest of all", _get(_near())),
        Work("near-rare", "20 nearest of one in a hundred", _get(_near(RARE)), connections=1),
        Work("upsert", "one entity", _upsert(count, 1), entities=1),
        Work("batch", "100 entities", _upsert(count, 100), entities=100, connections=4),
    ]


def _get(path: str) -> str:
    return f'  return wrk.format("GET", {path})'


def _one(count: int) -> str:
    pattern = id_of(0).replace("00000000", "%08d")
    return f'string.format("{ROOT}/entities/{pattern}", math.random(0, {count - 1}))'


def _query() -> str:
    return (
        f'string.format("{ROOT}/entities?type={RARE}&q=speed%%%%3E%d&limit=20",'
        " math.random(0, 60))".replace("%%%%", "%%")
    )


def _near(type_: str = "Vehicle") -> str:
    return (
        f'string.format("{ROOT}/entities?type={type_}&georel=near%%3BmaxDistance%%3D%%3D1000'
        '&geometry=Point&coordinates=%%5B%.6f%%2C%.6f%%5D&limit=20",'
        f" {WEST} + math.random() * {WIDTH}, {SOUTH} + math.random() * {HEIGHT})"
    )


def _upsert(count: int, size: int) -> str:
    """Entities that are there already, with a new speed."""
    template = orjson.dumps(entity(1)).decode().replace(id_of(1), "%s")
    template = template.replace(
        '"speed":{"type":"Property","value":1', '"speed":{"type":"Property","value":%d'
    )
    pattern = id_of(0).replace("00000000", "%08d")
    return f"""
  local parts = {{}}
  local first = math.random(0, {max(0, count - size)})
  for i = 1, {size} do
    parts[i] = string.format([[{template}]], string.format("{pattern}", first + i - 1),
      math.random(100, 100000))
  end
  return wrk.format("POST", "{ROOT}/entityOperations/upsert?options=update",
    {{["Content-Type"] = "application/json"}}, "[" .. table.concat(parts, ",") .. "]")"""
