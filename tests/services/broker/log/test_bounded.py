from __future__ import annotations

import asyncio

import pytest

from services.broker.log.bounded import within


async def test_a_result_in_time_is_given() -> None:
    async def work() -> int:
        return 5

    assert await within(1, work()) == 5


async def test_a_failure_is_passed_on() -> None:
    async def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(1, work())


async def test_work_that_swallows_its_cancellation_is_left_behind() -> None:
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(within(0.05, stubborn()), 5)
    free.set()


async def test_a_client_that_cancels_itself_does_not_cancel_its_caller() -> None:
    """Seen when Kafka is killed: the caller's task would end without a word."""

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError):
        await within(1, work())


async def test_a_caller_that_is_cancelled_is_cancelled() -> None:
    task = asyncio.create_task(within(60, asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
