"""What the official conformance suite says of the way in which Keiko signs in to servers."""

import re

import pytest

from app.core.settings import Settings
from tests.mcp.conformance import client_scenario, conformance
from tests.mcp.conformance_auth import NOT_OFFERED, SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_somebody_signs_in_as_the_specification_asks(
    scenario: str, settings: Settings
) -> None:
    code, said = await client_scenario(
        f"auth/{scenario}",
        "conformance_auth",
        SUITE_DATABASE=str(settings.database_url),
        SUITE_REDIS=str(settings.redis_url),
        SUITE_DATA=str(settings.data),
    )

    assert code == 0, said
    assert "OVERALL: PASSED" in said


async def test_each_scenario_of_the_suite_is_played_or_has_a_reason_not_to_be() -> None:
    _, said = await conformance("list")

    assert set(re.findall(r"- auth/(\S+)", said)) == {*SCENARIOS, *NOT_OFFERED}
