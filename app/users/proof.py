"""Who is signed in proves anew who they are, before they change what they sign in with.

ASVS 5.0, 7.5.1. A proof holds ten minutes, in the one session that gave it.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import now
from app.core.errors import Invalid, ProofNeeded, Unauthenticated
from app.core.resources import Resources
from app.users import passkeys
from app.users.factors import TWO_FACTORS, has_factor
from app.users.failures import note_failed
from app.users.passkeys import Json, Party, binding_of
from app.users.passwords import hashing_slot, matches
from app.users.second_factor import take_any_code
from app.users.service import get_user
from app.users.sessions import Browser, renew_session
from app.users.signed_in import SignedIn
from app.users.throttle import counted, note_failure, note_success, require_patience

RECENT = timedelta(minutes=10)

PROVE = "Show once more that it is you, then this is done."
WRONG_PASSWORD = "This is not your password."  # noqa: S105 - a sentence
NOT_ENOUGH = "This is not enough: your password and your second factor are both needed."


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What somebody shows; a passkey on a device that makes sure who they are is enough alone."""

    password: str | None = None
    code: str | None = None
    passkey: Json | None = None
    party: Party | None = None


def require_recent_proof(signed_in: SignedIn) -> None:
    """Raises `ProofNeeded` where the last proof is too long ago."""
    if signed_in.auth_time is None or now() - signed_in.auth_time > RECENT:
        raise ProofNeeded(PROVE)


async def ask_passkey(resources: Resources, signed_in: SignedIn, party: Party) -> Json:
    """What the browser of this session is to have signed."""
    async with resources.db.transaction() as session:
        bound_to = binding_of(signed_in.token_hash)
        return await passkeys.ask_to_sign(
            session, party, bound_to, passkeys.PROOF, signed_in.user_id
        )


async def prove(resources: Resources, browser: Browser, signed_in: SignedIn, proof: Proof) -> str:
    """Take a proof; the session goes on under the token that is returned.

    `Invalid` if it is wrong or not enough.
    """
    amr = []
    if proof.password is not None:
        await require_password(resources, browser, signed_in, proof.password)
        amr.append("pwd")
    try:
        amr += await _second_proofs(resources, signed_in, proof)
    except Unauthenticated as error:  # of the proof, not of the session
        raise Invalid(str(error), field="code" if proof.code else None) from error
    async with resources.db.transaction() as session:
        user = await get_user(session, signed_in.user_id)
        wants_two = await has_factor(session, user.id) and user.password_hash is not None
        if not amr or (wants_two and TWO_FACTORS not in amr and len(amr) < 2):
            raise Invalid(NOT_ENOUGH)
        return await renew_session(session, resources, signed_in.session_id, amr)


async def _second_proofs(resources: Resources, signed_in: SignedIn, proof: Proof) -> list[str]:
    amr: list[str] = []
    if proof.code:
        amr.append(await take_any_code(resources, signed_in.user_id, proof.code))
    if proof.passkey is not None and proof.party is not None:
        signed = await passkeys.check_signed(
            resources,
            proof.party,
            binding_of(signed_in.token_hash),
            passkeys.PROOF,
            proof.passkey,
            user_id=signed_in.user_id,
        )
        amr += signed.amr
    return amr


async def require_password(
    resources: Resources,
    browser: Browser,
    signed_in: SignedIn,
    password: str,
    field: str = "password",
) -> None:
    """Raises `Invalid` if this is not the user's password; throttled like signing in."""
    tries = counted(signed_in.username, browser)
    async with hashing_slot:
        await require_patience(resources.redis, *tries)
        async with resources.db.transaction() as session:
            user = await get_user(session, signed_in.user_id)
        if not await matches(user.password_hash, password):
            await note_failure(resources.redis, *tries)
            await note_failed(resources, user.id, way="pwd", reason="wrong_password")
            raise Invalid(WRONG_PASSWORD, field=field)
    await note_success(resources.redis, tries[0])
