"""Somebody who is told things, and the places where these arrive."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from app.core.outbound import Outbound, open_outbound
from app.core.resources import Resources
from tests.factories import MakeUser
from tests.fakes.receivers import Mailbox, Receiver, open_mailbox, open_receiver
from tests.notifications.acting import Told


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as running:
        yield running


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as running:
        yield running


@pytest.fixture
def keiko(resources: Resources, mailbox: Mailbox) -> Resources:
    """Resources of a process that may send to this machine."""
    settings = resources.settings.model_copy(
        update={
            "outbound_private": ["127.0.0.1"],
            "smtp_url": SecretStr(mailbox.url),
            "smtp_from": "keiko@example.org",
            "public_url": "https://keiko.example.org",
        }
    )
    return replace(resources, settings=settings)


@pytest.fixture
async def outbound(keiko: Resources) -> AsyncIterator[Outbound]:
    async with open_outbound(keiko.settings) as client:
        yield client


@pytest.fixture
async def ada(keiko: Resources, outbound: Outbound, make_user: MakeUser) -> Told:
    return Told(keiko, outbound, (await make_user("ada")).id)
