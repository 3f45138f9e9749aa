"""No event is lost and none has its effect twice, whatever is killed."""

from collections.abc import Iterator

import pytest

from tests.chaos.nemesis import PROCESSES
from tests.chaos.outbox import run_chaos
from tests.product import Product

SECONDS = 10.0


@pytest.fixture(scope="module")
def plain() -> Iterator[Product]:
    """A Keiko that answers offline."""
    product = Product()
    try:
        yield product.start()
    finally:
        product.remove()


@pytest.mark.asvs("2.3.3")
@pytest.mark.parametrize(
    "victims",
    [PROCESSES, ("valkey", "flush", "consumer"), ("postgres", "standby")],
    ids=["processes", "redis", "postgres"],
)
async def test_every_event_has_its_effect_once(
    plain: Product, victims: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = await run_chaos(plain, victims, seconds=SECONDS)
    with capsys.disabled():
        print(f"\n{verdict}")  # noqa: T201
    assert verdict.kills and verdict.tasks
    assert verdict.is_clean, f"{verdict}\n{plain.everything_said()}"
