"""Rate limits with and without the key; a flood without it costs the caller with the key nothing."""

from __future__ import annotations

from phonefarm.adapters.onlinesim.rate_limiter import MAX_ADDRESSES, MIN_BURST_CALLS, RateLimiter

TUNNEL = "127.0.0.1"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_limiter(clock: Clock, calls_per_second: float = 20, wrong_keys_per_minute: float = 6) -> RateLimiter:
    return RateLimiter(calls_per_second=calls_per_second, wrong_keys_per_minute=wrong_keys_per_minute, now=clock)


def test_burst_of_sixty_calls_with_the_key_passes_whatever_the_limit() -> None:
    limiter = a_limiter(Clock(), calls_per_second=1)

    assert MIN_BURST_CALLS == 60
    assert [limiter.retry_after_authenticated() for _ in range(60)] == [0] * 60


def test_calls_with_the_key_beyond_the_limit_get_a_retry_after() -> None:
    clock = Clock()
    limiter = a_limiter(clock)
    while limiter.retry_after_authenticated() == 0:
        pass

    assert limiter.retry_after_authenticated() == 1
    clock.now += 1
    assert [limiter.retry_after_authenticated() for _ in range(20)] == [0] * 20


def test_limit_without_the_key_is_small_and_refills() -> None:
    clock = Clock()
    limiter = a_limiter(clock)

    assert [limiter.retry_after_unauthenticated(TUNNEL) for _ in range(7)] == [0] * 6 + [10]
    clock.now += 10
    assert [limiter.retry_after_unauthenticated(TUNNEL) for _ in range(2)] == [0, 10]


def test_unauthenticated_flood_uses_up_no_tokens_of_the_key() -> None:
    limiter = a_limiter(Clock())
    for _ in range(10_000):
        limiter.retry_after_unauthenticated(TUNNEL)

    assert [limiter.retry_after_authenticated() for _ in range(40)] == [0] * 40


def test_each_address_has_its_own_bucket() -> None:
    limiter = a_limiter(Clock())
    while limiter.retry_after_unauthenticated("192.0.2.1") == 0:
        pass

    assert limiter.retry_after_unauthenticated("192.0.2.2") == 0


def test_number_of_remembered_addresses_is_limited() -> None:
    limiter = a_limiter(Clock())
    for number in range(MAX_ADDRESSES * 3):
        limiter.retry_after_unauthenticated(f"address {number}")

    assert len(limiter._by_address) == MAX_ADDRESSES


def test_clock_that_runs_back_refills_nothing() -> None:
    clock = Clock()
    limiter = a_limiter(clock)
    while limiter.retry_after_unauthenticated(TUNNEL) == 0:
        clock.now -= 60

    assert limiter.retry_after_unauthenticated(TUNNEL) > 0
