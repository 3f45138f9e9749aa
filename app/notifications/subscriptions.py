"""Browsers that take pushes, and the key pair that their push services know us by."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import derived_id, now
from app.core.errors import Invalid, NotFound, TooMany
from app.core.outbound import check_url
from app.core.sealed_types import place
from app.notifications.models import PushKey, PushSubscription

MOST_SUBSCRIPTIONS = 20
"""Browsers of one user."""

_BROWSERS = UUID("b6b7c1f4-3c0e-4f57-9d0a-0c9f3f3a7c11")
"""The same address of a browser gives the same id, so that what is sealed stands in its row."""

_ONLY = 1


@dataclass(frozen=True, kw_only=True)
class NewSubscription:
    """What a browser's `PushSubscription.toJSON()` says, and which browser it is."""

    endpoint: str
    p256dh: str
    auth: str
    browser: str
    language: str


async def subscribe(
    session: AsyncSession, user_id: UUID, new: NewSubscription, allowed: list[str]
) -> PushSubscription:
    """Keep a browser, once. One that somebody else was signed in with is this user's now."""
    _check(new, allowed)
    held = await list_subscriptions(session, user_id)
    if len(held) >= MOST_SUBSCRIPTIONS and new.endpoint not in {each.endpoint for each in held}:
        raise TooMany(
            f"Pushes go to at most {MOST_SUBSCRIPTIONS} browsers; remove one first.", retry_after=60
        )
    there = select(PushSubscription.id).where(PushSubscription.endpoint == new.endpoint)
    id = await session.scalar(there) or derived_id(_BROWSERS, new.endpoint)
    values = place(PushSubscription, {**vars(new), "user_id": user_id}, id)
    kept = await session.scalars(
        insert(PushSubscription)
        .values(values | {"id": id})
        .on_conflict_do_update(index_elements=["endpoint"], set_=values)
        .returning(PushSubscription)
        .execution_options(populate_existing=True)
    )
    return kept.one()


def _check(new: NewSubscription, allowed: list[str]) -> None:
    try:
        check_url(new.endpoint, allowed=allowed)
    except Invalid as error:
        raise Invalid(str(error), field="endpoint") from error
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(new.p256dh))
    except ValueError as error:
        raise Invalid("This is not a key of a browser.", field="p256dh") from error
    try:
        if len(decode(new.auth)) != 16:
            raise ValueError
    except ValueError as error:
        raise Invalid("This is not a secret of a browser.", field="auth") from error


def decode(text: str) -> bytes:
    """The bytes of base64url text without padding; ValueError if it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def list_subscriptions(session: AsyncSession, user_id: UUID) -> list[PushSubscription]:
    """The user's browsers, oldest first."""
    found = await session.scalars(
        select(PushSubscription)
        .where(PushSubscription.user_id == user_id)
        .order_by(PushSubscription.created_at, PushSubscription.id)
    )
    return list(found)


async def unsubscribe(session: AsyncSession, user_id: UUID, id: UUID) -> None:
    """Send no more pushes to one of the user's browsers."""
    gone = await session.scalar(
        delete(PushSubscription)
        .where(PushSubscription.id == id, PushSubscription.user_id == user_id)
        .returning(PushSubscription.id)
    )
    if gone is None:
        raise NotFound("There is no such browser.")


async def forget_subscription(session: AsyncSession, id: UUID) -> None:
    """Its push service says that it is gone."""
    await session.execute(delete(PushSubscription).where(PushSubscription.id == id))


async def note_arrival(session: AsyncSession, id: UUID) -> None:
    """Its push service has taken a message."""
    await session.execute(
        update(PushSubscription)
        .where(PushSubscription.id == id)
        .values(last_ok_at=now())
        .execution_options(synchronize_session=False)
    )


async def push_key(session: AsyncSession) -> ec.EllipticCurvePrivateKey:
    """The key pair of this installation, made by whoever asks for it first."""
    kept = await session.get(PushKey, _ONLY)
    if kept is None:
        new = place(PushKey, {"id": _ONLY, "private_key": _new_key()})
        await session.execute(insert(PushKey).values(new).on_conflict_do_nothing())
        kept = await session.get_one(PushKey, _ONLY)
    key = serialization.load_pem_private_key(kept.private_key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("The key pair for pushes is not one on a curve.")
    return key


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_key_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half, as browsers want it (`applicationServerKey`)."""
    return encode(
        key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    )
