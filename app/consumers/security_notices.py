"""Tells people that what they sign in with has changed: whoever did it (ASVS 5.0, 6.3.7)."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.resources import Resources
from app.core.settings import Settings
from app.events.envelope import Envelope
from app.notifications.models import Kind
from app.notifications.security_texts import CHANGES
from app.notifications.service import News, notify
from app.users.models import User
from app.users.providers.presets import list_providers

ABOUT = {
    "user.credential_changed": "{credential}",
    "user.identity_changed": "identity",
    "api_key.changed": "api_key",
}
"""The events, and what changes in each."""

FIRST = timedelta(minutes=1)
"""An account that a provider's sign-in has just made has that sign-in: no news."""


async def tell_change(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    """Tell the owner of an account what `event` says, if it is a change that people are told of."""
    change = f"{ABOUT[event.type].format(**event.payload)}.{event.payload['change']}"
    user = await session.get(User, event.user_id) if event.user_id else None
    if change not in CHANGES or user is None:
        return
    if change == "identity.linked" and event.time - user.created_at < FIRST:
        return
    news = News(
        user_id=user.id,
        kind=Kind.SECURITY,
        event_id=event.id,
        title=change,
        text=_name(resources.settings, event),
    )
    await notify(session, resources, news)


def _name(settings: Settings, event: Envelope) -> str:
    """What its owner knows the thing by."""
    if event.type == "user.identity_changed":
        name: str = event.payload["provider"]
        return next((each.label for each in list_providers(settings) if each.name == name), name)
    return str(event.payload.get("name", ""))
