"""Leases from Redis: the buckets of rates and the counts of quotas that all workers share.

Every tenth of a second a worker says what it granted and what it wants, for all keys at once, in
one script; no request waits for it. With Redis away the worker grants its share of each rate and
quota, and comes back by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.core.access.allowances import Allowances, Demand
from gateway.core.access.counts import Claim, LeasedCounts

_log = logging.getLogger(__name__)
EVERY: Final = 0.1
"""Seconds between leases: for so long a worker may refuse what another still holds tokens for."""
TIMEOUT: Final = 1.0
PREFIX: Final = "supercity:rate:"
QUOTA_PREFIX: Final = "supercity:quota:"
QUOTA_KEPT: Final = 90_000
"""Seconds since the last request after which a count is forgotten: its day is over by then."""
_AT_ONCE: Final = 500
"""Keys of one script call, so that Redis is not held up."""

SCRIPT: Final = """
-- KEYS: buckets, and counts that are never refilled. ARGV, five of each: size, seconds to fill it
-- (0: a count), seconds to keep it, charge, wanted. Returns of each the grant and what is left.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local answer = {}

local function bucket(key, size, seconds, charge, wanted)
  local held = redis.call('HMGET', key, 'left', 'at')
  local left, last = tonumber(held[1]) or size, tonumber(held[2]) or now
  left = math.min(size, left + math.max(0, now - last) * size / seconds) - charge
  left = math.min(size, left)
  local grant = math.max(0, math.min(wanted, math.floor(left)))
  redis.call('HSET', key, 'left', string.format('%.6f', left - grant), 'at',
    string.format('%.6f', now))
  return grant, left - grant
end

local function count(key, size, charge, wanted)
  local used = math.max(0, (tonumber(redis.call('GET', key)) or 0) + charge)
  local grant = math.max(0, math.min(wanted, size - used))
  redis.call('SET', key, string.format('%d', used + grant))
  return grant, size - used - grant
end

for i, key in ipairs(KEYS) do
  local at = (i - 1) * 5
  local size, seconds, keep = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local charge, wanted = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local grant, left
  if seconds > 0 then
    grant, left = bucket(key, size, seconds, charge, wanted)
  else
    grant, left = count(key, size, charge, wanted)
  end
  redis.call('EXPIRE', key, keep)
  answer[i] = {grant, left}
end
return answer
"""


class Leases:
    """Keeps a worker's rates and quotas supplied until cancelled.

    Args:
        url: ``redis://host:port/db`` or ``rediss://…``.
    """

    def __init__(
        self, allowances: Allowances, url: str, counts: LeasedCounts | None = None
    ) -> None:
        self._allowances = allowances
        self._counts = LeasedCounts(0) if counts is None else counts
        self._redis = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._script = self._redis.register_script(SCRIPT)
        self._failing = False

    async def run(self) -> None:
        """Lease for ever. Logs when it breaks and when it works again, nothing between."""
        try:
            while True:
                await self._once()
                await asyncio.sleep(EVERY)
        finally:
            await self._redis.aclose()

    async def _once(self) -> None:
        try:
            await self.lease()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._failing:
                _log.warning("no leases from Redis, each worker grants its share: %s", error)
            self._failing = True
            self._allowances.refill_share(monotonic())
            self._counts.grant_share()
        else:
            if self._failing:
                _log.info("leases from Redis again")
            self._failing = False
            self._allowances.leases_are_back()
            self._counts.leases_are_back()

    async def lease(self) -> None:
        """One round for all keys.

        Raises:
            RedisError, OSError, TimeoutError: Redis does not answer.
        """
        now = monotonic()
        for demands in batched(self._allowances.demands(now)):
            for demand, (tokens, _) in zip(demands, await self._ask(demands), strict=True):
                self._allowances.granted(demand, tokens)
        for claims in batched(self._counts.claims(now)):
            for claim, (requests, left) in zip(claims, await self._ask(claims), strict=True):
                self._counts.granted(claim, requests, left)

    async def _ask(self, demands: Sequence[Demand | Claim]) -> list[tuple[int, int]]:
        """Of each the grant, and what is left."""
        keys, args = [], []
        for demand in demands:
            key, of = _terms(demand)
            keys.append(key)
            args += [*of, demand.charged, demand.wanted]
        found: list[tuple[int, int]] = await self._script(keys=keys, args=args)
        return found


T = TypeVar("T")


def batched(items: list[T]) -> Iterator[list[T]]:
    for at in range(0, len(items), _AT_ONCE):
        yield items[at : at + _AT_ONCE]


def _terms(demand: Demand | Claim) -> tuple[str, tuple[int, ...]]:
    """Its key; size, seconds to fill it, seconds to keep it."""
    if isinstance(demand, Claim):
        return QUOTA_PREFIX + demand.key, (demand.count.quota.requests, 0, QUOTA_KEPT)
    rate = demand.held.rate
    return PREFIX + demand.key, (rate.requests, rate.seconds, 2 * rate.seconds)
