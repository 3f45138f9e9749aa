"""What the official conformance suite says of Keiko's client."""

import pytest

from tests.mcp.conformance import client_scenario
from tests.mcp.conformance_client import CALLS


@pytest.mark.parametrize("scenario", CALLS)
async def test_the_client_does_what_the_specification_asks(scenario: str) -> None:
    code, said = await client_scenario(scenario)

    assert code == 0, said
    assert "OVERALL: PASSED" in said
