from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.kit.outgoing.schedule import (
    DISABLE_AFTER_SECONDS,
    FAILURES_TO_OPEN,
    OPEN_MOST_SECONDS,
    RETRIES,
    Answer,
    Circuit,
    verdict,
)

BAD = Answer(500, 0.1, "it answered 500")
GOOD = Answer(204, 0.1)


def judged(answer: Answer, tries: int = 1, expires: float | None = None) -> object:
    found = verdict(answer, tries=tries, now=100.0, expires=expires, chance=0.0)
    return found.state, found.due


def test_retries_follow_the_schedule_and_end() -> None:
    assert judged(GOOD) == ("delivered", None)
    for tries, wait in enumerate(RETRIES, start=1):
        assert judged(BAD, tries) == ("waiting", 100.0 + wait)
    assert judged(BAD, len(RETRIES) + 1) == ("failed", None)


def test_a_message_is_not_tried_beyond_its_time() -> None:
    assert judged(BAD, expires=104.0) == ("failed", None)
    assert judged(BAD, expires=106.0) == ("waiting", 105.0)


def test_retry_after_lengthens_the_wait_and_never_shortens_it() -> None:
    assert judged(Answer(503, 0, "x", retry_after=60)) == ("waiting", 160.0)
    assert judged(Answer(503, 0, "x", retry_after=1)) == ("waiting", 105.0)


def test_an_answer_that_broke_off_is_no_success() -> None:
    assert not Answer(200, 0, "the connection broke").ok


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1000)), max_size=60))
def test_a_circuit_opens_after_failures_in_a_row_and_closes_with_a_success(
    answers: list[tuple[bool, float]],
) -> None:
    circuit, now, in_a_row = Circuit(), 0.0, 0
    for ok, passed in answers:
        now += passed
        circuit = circuit.after(GOOD if ok else BAD, now)
        in_a_row = 0 if ok else in_a_row + 1
        assert circuit.failures == in_a_row
        assert circuit.is_probing == (in_a_row >= FAILURES_TO_OPEN)
        assert (circuit.open_until > now) == circuit.is_probing
        assert circuit.open_until <= now + OPEN_MOST_SECONDS


def test_an_endpoint_that_failed_for_days_is_disabled() -> None:
    circuit = Circuit().after(BAD, 0.0)
    assert not circuit.after(BAD, DISABLE_AFTER_SECONDS - 1).disabled
    assert "5 days" in circuit.after(BAD, DISABLE_AFTER_SECONDS).disabled
    assert Circuit().after(Answer(410, 0, "x"), 0.0).disabled
