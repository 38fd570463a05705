"""Leases of rate-limit tokens from Redis: the buckets that all workers share.

Every tenth of a second a worker says what it granted and what it wants, for all keys at once, in
one script; no request waits for it. With Redis away the worker grants its share of each rate, and
comes back by itself.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.core.allowances import Allowances, Demand

_log = logging.getLogger(__name__)
EVERY: Final = 0.1
"""Seconds between leases: for so long a worker may refuse what another still holds tokens for."""
TIMEOUT: Final = 1.0
PREFIX: Final = "supercity:rate:"
_AT_ONCE: Final = 500
"""Keys of one script call, so that Redis is not held up."""

SCRIPT: Final = """
-- KEYS: buckets. ARGV, four of each: size, seconds to fill it, charge, wanted. Returns the grants.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local grants = {}
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 4
  local size, seconds = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local charge, wanted = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local bucket = redis.call('HMGET', key, 'left', 'at')
  local left, last = tonumber(bucket[1]) or size, tonumber(bucket[2]) or now
  left = math.min(size, left + math.max(0, now - last) * size / seconds) - charge
  left = math.min(size, left)
  local grant = math.max(0, math.min(wanted, math.floor(left)))
  redis.call('HSET', key, 'left', string.format('%.6f', left - grant), 'at',
    string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil(seconds * 2000))
  grants[i] = grant
end
return grants
"""


class Leases:
    """Keeps ``allowances`` supplied until cancelled.

    Args:
        url: ``redis://host:port/db`` or ``rediss://…``.
    """

    def __init__(self, allowances: Allowances, url: str) -> None:
        self._allowances = allowances
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
        else:
            if self._failing:
                _log.info("leases from Redis again")
            self._failing = False
            self._allowances.leases_are_back()

    async def lease(self) -> None:
        """One round for all keys.

        Raises:
            RedisError, OSError, TimeoutError: Redis does not answer.
        """
        demands = self._allowances.demands(monotonic())
        for at in range(0, len(demands), _AT_ONCE):
            some = demands[at : at + _AT_ONCE]
            grants = await self._script(
                keys=[PREFIX + demand.key for demand in some],
                args=[value for demand in some for value in _ask(demand)],
            )
            for demand, tokens in zip(some, grants, strict=True):
                self._allowances.granted(demand, tokens)


def _ask(demand: Demand) -> tuple[float, ...]:
    rate = demand.held.rate
    return rate.requests, rate.seconds, demand.charged, demand.wanted
