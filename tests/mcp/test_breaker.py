"""The circuit breaker by itself, with a clock that the test turns."""

import pytest

from app.mcp.breaker import Breaker, CircuitOpen


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("files", lambda: None, clock=clock)


def state(breaker: Breaker) -> str:
    return breaker.state.value


def call(breaker: Breaker, *, failed: bool | None) -> None:
    breaker.enter()
    breaker.leave(failed=failed)


def fail(breaker: Breaker, times: int = 5) -> None:
    for _ in range(times):
        call(breaker, failed=True)


def test_five_failures_open_it_and_a_refusal_says_when_to_try_again(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 4)
    assert state(breaker) == "closed"
    fail(breaker, 1)
    clock.at += 18

    with pytest.raises(CircuitOpen, match="“files” failed 5 times .* again in 42 seconds"):
        breaker.enter()


def test_failures_far_apart_do_not_open_it(breaker: Breaker, clock: Clock) -> None:
    for _ in range(20):
        call(breaker, failed=True)
        clock.at += 76

    assert state(breaker) == "closed"


def test_a_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    for _ in range(3):
        fail(breaker, 4)
        call(breaker, failed=False)

    assert (state(breaker), breaker.failures) == ("closed", 0)


def test_after_a_minute_three_successes_close_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.at += 60
    call(breaker, failed=False)
    call(breaker, failed=False)
    assert state(breaker) == "half_open"
    call(breaker, failed=False)

    assert state(breaker) == "closed"


def test_one_failure_while_it_is_tried_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.at += 60
    call(breaker, failed=False)
    call(breaker, failed=True)

    with pytest.raises(CircuitOpen, match="60 seconds"):
        breaker.enter()


def test_only_a_few_calls_try_it_at_once(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.at += 60
    for _ in range(3):
        breaker.enter()

    with pytest.raises(CircuitOpen, match="being tried"):
        breaker.enter()


def test_a_cancelled_call_says_nothing_about_the_server(breaker: Breaker, clock: Clock) -> None:
    for _ in range(10):
        call(breaker, failed=None)
    assert state(breaker) == "closed"
    fail(breaker)
    clock.at += 60
    for _ in range(10):
        call(breaker, failed=None)

    assert state(breaker) == "half_open"


def test_it_can_be_reset_and_tells_of_every_change(clock: Clock) -> None:
    told: list[str] = []
    made = Breaker("files", lambda: told.append(state(made)), clock=clock)
    fail(made)
    made.reset()
    call(made, failed=False)

    assert told == ["open", "closed"]
