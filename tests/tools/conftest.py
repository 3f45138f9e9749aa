"""Fixtures: an assistant at work for Ada."""

import pytest

from app.core.resources import Resources
from tests.factories import MakeUser
from tests.tools.calling import Assistant, running_task


@pytest.fixture
async def assistant(resources: Resources, make_user: MakeUser) -> Assistant:
    """A turn of Ada's that calls tools; her clock shows the time of Berlin."""
    ada = await make_user("ada")
    return Assistant(resources, await running_task(resources, ada.id))
