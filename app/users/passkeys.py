"""Passkeys (WebAuthn, level 3): made known, and asked to sign a challenge.

A challenge is drawn here, kept here, bound to the browser that asked, and used up by the first
answer, right or wrong. Who holds a passkey signs for one address of Keiko and no other.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.core.clock import new_id, now
from app.core.db import is_storable
from app.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.core.resources import Resources
from app.users.factor_models import Passkey, PasskeyChallenge
from app.users.failures import note_failed
from app.users.models import User

LIFETIME = timedelta(minutes=5)
MOST = 20

REGISTER, SIGN_IN, SECOND, PROOF = "register", "sign_in", "second", "proof"
"""What a challenge is for: an answer to one is none to another."""

NOT_ACCEPTED = "This passkey was not accepted. Try again, or use another way."
TOO_LATE = "This took too long, or was done already. Try again."
KNOWN = "This passkey is known already."
NAME = "The name of this passkey holds characters that cannot be stored."
NONE = "There is no such passkey."

Json = dict[str, Any]


@dataclass(frozen=True)
class Party:
    """For whom passkeys sign: the host (`id`) and the address that a browser shows (`origin`)."""

    id: str
    origin: str


@dataclass(frozen=True)
class Signed:
    """A passkey signed: whose it is, and what that proves (RFC 8176)."""

    user_id: UUID
    amr: list[str]


@dataclass(frozen=True)
class Made:
    """A passkey that a browser made, and that is not known yet."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    is_synced: bool

    @property
    def amr(self) -> str:
        """What it proves to have it (RFC 8176)."""
        return "swk" if self.is_synced else "hwk"


def binding_of(token: str) -> str:
    """What a challenge is bound to, of a token that only one browser holds."""
    return hashlib.sha256(b"passkey\0" + token.encode()).hexdigest()


async def ask_to_register(session: AsyncSession, user: User, party: Party, bound_to: str) -> Json:
    """What a browser is to ask for when it makes a passkey for this user."""
    known = await list_passkeys(session, user.id)
    if len(known) >= MOST:
        raise Conflict(f"There are {MOST} passkeys already. Remove one first.")
    options = generate_registration_options(
        rp_id=party.id,
        rp_name="Keiko",
        user_id=user.id.bytes,
        user_name=user.username,
        user_display_name=user.full_name or user.username,
        exclude_credentials=[_descriptor(passkey) for passkey in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    await _keep_challenge(session, bound_to, REGISTER, options.challenge)
    asked: Json = options_to_json_dict(options)
    return asked


async def check_made(resources: Resources, party: Party, bound_to: str, credential: Json) -> Made:
    """The passkey that a browser made. `Invalid` if it is not what was asked for."""
    challenge = await _use_challenge(resources, bound_to, REGISTER)
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
        return Made(
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=_transports(credential),
            is_synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Invalid(NOT_ACCEPTED) from error


async def keep_passkey(session: AsyncSession, user_id: UUID, made: Made, name: str) -> None:
    """Make a passkey known. `Conflict` if it is."""
    clean = " ".join(name.split())[:60]
    if not is_storable(clean):
        raise Invalid(NAME, field="name")
    values = {**vars(made), "id": new_id(), "user_id": user_id, "name": clean or "Passkey"}
    kept = await session.scalar(
        insert(Passkey).values(values).on_conflict_do_nothing().returning(Passkey.id)
    )
    if kept is None:
        raise Conflict(KNOWN)


async def ask_to_sign(
    session: AsyncSession, party: Party, bound_to: str, purpose: str, user_id: UUID | None = None
) -> Json:
    """What a browser is to have signed; of anybody's passkeys if it is not known whose."""
    known = [] if user_id is None else await list_passkeys(session, user_id)
    must = purpose == SIGN_IN
    options = generate_authentication_options(
        rp_id=party.id,
        allow_credentials=[_descriptor(passkey) for passkey in known],
        user_verification=(
            UserVerificationRequirement.REQUIRED if must else UserVerificationRequirement.PREFERRED
        ),
    )
    await _keep_challenge(session, bound_to, purpose, options.challenge)
    asked: Json = options_to_json_dict(options)
    return asked


async def check_signed(
    resources: Resources,
    party: Party,
    bound_to: str,
    purpose: str,
    credential: Json,
    *,
    user_id: UUID | None = None,
) -> Signed:
    """Whose passkey signed. `Unauthenticated` if none did, or not one of `user_id`."""
    challenge = await _use_challenge(resources, bound_to, purpose)
    try:
        return await _check_signed(resources, party, challenge, purpose, credential, user_id)
    except Unauthenticated:
        await note_failed(resources, user_id, way="hwk", reason="not_accepted")
        raise


async def _check_signed(
    resources: Resources,
    party: Party,
    challenge: bytes,
    purpose: str,
    credential: Json,
    user_id: UUID | None,
) -> Signed:
    try:
        id = base64url_to_bytes(credential["rawId"])
        async with resources.db.transaction() as session:
            passkey = await _locked(session, id, user_id)
            signed = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=purpose == SIGN_IN,
            )
            _require_handle(credential, passkey)
            passkey.sign_count = signed.new_sign_count
            passkey.last_used_at = now()
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Unauthenticated(NOT_ACCEPTED) from error
    amr = ["swk" if passkey.is_synced else "hwk"]
    return Signed(passkey.user_id, [*amr, "user", "mfa"] if signed.user_verified else amr)


async def list_passkeys(session: AsyncSession, user_id: UUID) -> list[Passkey]:
    """A user's passkeys, oldest first."""
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.created_at)
    return list(await session.scalars(query))


async def remove_passkey(session: AsyncSession, user_id: UUID, passkey_id: UUID) -> None:
    """Have a passkey open nothing any more."""
    gone = await session.scalar(
        delete(Passkey)
        .where(Passkey.user_id == user_id, Passkey.id == passkey_id)
        .returning(Passkey.id)
    )
    if gone is None:
        raise NotFound(NONE)


async def remove_passkeys(session: AsyncSession, user_id: UUID) -> int:
    """Have none of a user's passkeys open anything; says how many there were."""
    gone = await session.scalars(
        delete(Passkey).where(Passkey.user_id == user_id).returning(Passkey.id)
    )
    return len(gone.all())


async def _locked(session: AsyncSession, credential_id: bytes, user_id: UUID | None) -> Passkey:
    """The passkey, for this transaction alone: its count of signatures only grows."""
    query = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    passkey = await session.scalar(query)
    if passkey is None or (user_id is not None and passkey.user_id != user_id):
        raise Unauthenticated(NOT_ACCEPTED)
    return passkey


def _require_handle(credential: Json, passkey: Passkey) -> None:
    handle = credential["response"].get("userHandle")
    if handle and base64url_to_bytes(handle) != passkey.user_id.bytes:
        raise Unauthenticated(NOT_ACCEPTED)


async def _keep_challenge(
    session: AsyncSession, bound_to: str, purpose: str, challenge: bytes
) -> None:
    at = now()
    await session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < at))
    fresh = {"id": new_id(), "created_at": at, "challenge": challenge, "expires_at": at + LIFETIME}
    await session.execute(
        insert(PasskeyChallenge)
        .values(bound_to=bound_to, purpose=purpose, **fresh)
        .on_conflict_do_update(index_elements=["bound_to", "purpose"], set_=fresh)
    )


async def _use_challenge(resources: Resources, bound_to: str, purpose: str) -> bytes:
    """The challenge that was asked, in a transaction of its own: a wrong answer uses it up too."""
    async with resources.db.transaction() as session:
        challenge: bytes | None = await session.scalar(
            delete(PasskeyChallenge)
            .where(
                PasskeyChallenge.bound_to == bound_to,
                PasskeyChallenge.purpose == purpose,
                PasskeyChallenge.expires_at > now(),
            )
            .returning(PasskeyChallenge.challenge)
        )
    if challenge is None:
        raise Invalid(TOO_LATE)
    return challenge


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(name) for name in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)


def _transports(credential: Json) -> list[str]:
    said = credential["response"].get("transports") or []
    return [t.value for t in AuthenticatorTransport if t.value in said]
