"""The second factor on the way in: apps, recovery codes, and what stands between two proofs."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.errors import AppError, Conflict, Invalid, ProofNeeded, TooMany, Unauthenticated
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users import credentials, pending, proof, totp
from app.users.factor_models import PendingSignIn, RecoveryCode, TotpFactor
from app.users.models import Role
from app.users.second_factor import WRONG_CODE, finish_with_code, require_bare, set_up_app
from app.users.sessions import find_session, list_ended
from app.users.sign_in import SecondFactorNeeded, Started, sign_in
from tests.users.people import HOME, PASSWORD, make_user, without_redis
from tests.users.proofs import Clock, Phone, give_app, signed_in_as, stop_clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Codes change when a test says so."""
    return stop_clock(monkeypatch, totp)


async def _first_proof(resources: Resources, username: str = "ada") -> str:
    """Sign in with the password; the token of what waits for the second factor."""
    begun = await sign_in(resources, HOME, username=username, password=PASSWORD)
    assert isinstance(begun, SecondFactorNeeded)
    return begun.token


async def _try(resources: Resources, token: str, code: str) -> Started | AppError:
    try:
        return await finish_with_code(resources, HOME, token, code)
    except AppError as error:
        return error


@pytest.mark.asvs("6.3.3")
async def test_password_and_code_begin_a_session_that_knows_of_both(resources: Resources) -> None:
    user = await make_user(resources)
    phone, _ = await give_app(resources, user)
    token = await _first_proof(resources)
    assert await find_session(resources, token) is None, "the first proof opens nothing"
    started = await finish_with_code(resources, HOME, token, phone.code())
    assert started.signed_in.amr == ("pwd", "otp", "mfa")
    assert await find_session(resources, started.token) == started.signed_in


@pytest.mark.asvs("6.5.1")
async def test_a_code_is_taken_once_also_by_many_at_once(resources: Resources) -> None:
    user = await make_user(resources)
    phone, _ = await give_app(resources, user)
    code = phone.code()
    tokens = [await _first_proof(resources) for _ in range(4)]
    results = await asyncio.gather(*(_try(resources, token, code) for token in tokens))
    assert sum(isinstance(r, Started) for r in results) == 1
    again = await _try(resources, await _first_proof(resources), code)
    assert isinstance(again, Unauthenticated | TooMany)


@pytest.mark.asvs("6.5.5")
@pytest.mark.parametrize(
    ("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a_clock_may_be_one_step_early_or_late(
    resources: Resources, clock: Clock, steps: int, is_taken: bool
) -> None:
    user = await make_user(resources)
    phone, _ = await give_app(resources, user)
    clock.go_on(minutes=5)
    result = await _try(resources, await _first_proof(resources), phone.code(clock.at, steps=steps))
    assert isinstance(result, Started) is is_taken


async def test_the_secret_lies_sealed_and_belongs_to_its_row(resources: Resources) -> None:
    phone, _ = await give_app(resources, await make_user(resources))
    await give_app(resources, await make_user(resources, "grace"))
    async with resources.db.transaction() as session:
        first, second = (await session.scalars(select(TotpFactor))).all()
        assert phone.secret.encode() not in first.sealed + second.sealed
        first.sealed, second.sealed = second.sealed, first.sealed
    failed = await _try(resources, await _first_proof(resources), phone.code())
    assert "damaged or moved" in str(failed)


@pytest.mark.asvs("6.5.1", "6.5.2", "6.5.3", "6.5.4")
async def test_ten_recovery_codes_open_once_each_and_are_kept_as_slow_hashes(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    _, codes = await give_app(resources, user)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", code) for code in codes)
    async with resources.db.transaction() as session:
        kept = " ".join(await session.scalars(select(RecoveryCode.code_hash)))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    told = codes[3].upper().replace("-", " ")
    results = await asyncio.gather(
        *[_try(resources, await _first_proof(resources), told) for _ in range(3)]
    )
    assert sum(isinstance(r, Started) for r in results) == 1
    standing = await credentials.find_standing(resources, user.id)
    assert standing.codes_left == 9


async def test_a_recovery_code_is_nobody_elses(resources: Resources) -> None:
    _, codes = await give_app(resources, await make_user(resources))
    await give_app(resources, await make_user(resources, "grace"))
    result = await _try(resources, await _first_proof(resources, "grace"), codes[0])
    assert str(result) == WRONG_CODE


@pytest.mark.asvs("6.5.5")
async def test_what_waits_ends_after_five_minutes_and_is_used_once(resources: Resources) -> None:
    phone, codes = await give_app(resources, await make_user(resources))
    token = await _first_proof(resources)
    assert isinstance(await _try(resources, token, phone.code()), Started)
    assert str(await _try(resources, token, codes[0])) == pending.OVER
    late = await _first_proof(resources)
    async with resources.db.transaction() as session:
        await session.execute(
            update(PendingSignIn).values(expires_at=PendingSignIn.expires_at - pending.LIFETIME)
        )
    assert str(await _try(resources, late, codes[1])) == pending.OVER
    assert str(await _try(resources, "nonsense", codes[1])) == pending.OVER


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize("redis_is", ["there", "away"])
async def test_guessing_codes_has_to_wait_also_by_many_at_once(
    resources: Resources, redis_is: str
) -> None:
    there = resources if redis_is == "there" else without_redis(resources)
    user = await make_user(resources)
    phone, _ = await give_app(resources, user)
    token = await _first_proof(resources)
    results = await asyncio.gather(*(_try(there, token, "000000") for _ in range(12)))
    heard = [r for r in results if isinstance(r, Unauthenticated)]
    assert len(heard) == 6, "five are free, the sixth begins the delay"
    assert isinstance(await _try(there, token, phone.code()), TooMany), "even the right one"


@pytest.mark.asvs("6.3.3")
async def test_who_must_have_a_second_factor_sets_it_up_before_anything_else(
    resources: Resources,
) -> None:
    resources.settings.second_factor = ["admin"]
    admin = await make_user(resources, role=Role.ADMIN)
    await make_user(resources, "grace")
    assert isinstance(await sign_in(resources, HOME, username="grace", password=PASSWORD), Started)
    begun = await sign_in(resources, HOME, username="ada", password=PASSWORD)
    assert isinstance(begun, SecondFactorNeeded)
    assert begun.must_set_up
    assert await find_session(resources, begun.token) is None
    waiting, user = await require_bare(resources, begun.token)
    draft = totp.draft_app(resources, user, waiting.token_hash)
    done = await set_up_app(resources, HOME, begun.token, draft.sealed, Phone(draft.secret).code())
    assert len(done.codes) == 10
    assert await find_session(resources, done.started.token) == done.started.signed_in
    assert done.started.signed_in.user_id == admin.id


async def test_a_session_from_before_the_second_factor_was_wanted_is_worth_nothing(
    resources: Resources,
) -> None:
    admin = await make_user(resources, role=Role.ADMIN)
    begun = await sign_in(resources, HOME, username=admin.username, password=PASSWORD)
    assert isinstance(begun, Started)
    assert await find_session(resources, begun.token) is not None
    resources.settings.second_factor = ["admin"]
    assert await find_session(resources, begun.token) is None


async def test_a_stolen_password_adds_no_second_factor_to_one_that_is_there(
    resources: Resources,
) -> None:
    await give_app(resources, await make_user(resources))
    with pytest.raises(Invalid, match="second factor already"):
        await require_bare(resources, await _first_proof(resources))


async def test_a_draft_of_an_app_is_only_for_the_browser_that_was_shown_it(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    mine, other = await signed_in_as(resources, user), await signed_in_as(resources, user)
    draft = await credentials.offer_app(resources, other)
    with pytest.raises(Invalid, match="too long"):
        await credentials.add_app(resources, mine, draft.sealed, Phone(draft.secret).code())
    with pytest.raises(Invalid, match="not right"):
        await credentials.add_app(resources, other, draft.sealed, "123456")


@pytest.mark.asvs("7.5.1")
async def test_changing_a_factor_wants_a_proof_of_the_last_ten_minutes(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await make_user(resources)
    phone, codes = await give_app(resources, user)
    signed_in = await signed_in_as(resources, user)
    assert signed_in.auth_time is not None
    later = stop_clock(monkeypatch, proof)
    later.at = signed_in.auth_time + proof.RECENT + timedelta(seconds=1)
    for change in (
        credentials.offer_app(resources, signed_in),
        credentials.remove_app(resources, signed_in),
        credentials.make_recovery_codes(resources, signed_in),
        credentials.change_password(resources, HOME, signed_in, old=PASSWORD, new="x" * 9),
    ):
        with pytest.raises(ProofNeeded):
            await change
    with pytest.raises(Invalid, match="not enough"):
        await proof.prove(resources, HOME, signed_in, proof.Proof(password=PASSWORD))
    shown = proof.Proof(password=PASSWORD, code=phone.code())
    token = await proof.prove(resources, HOME, signed_in, shown)
    assert codes
    proved = await find_session(resources, token)
    assert proved is not None
    assert proved.auth_time is not None
    later.at = proved.auth_time + proof.RECENT
    await credentials.remove_app(resources, proved)


@pytest.mark.asvs("7.2.4", "7.4.3")
async def test_a_changed_factor_ends_the_other_sessions_and_renews_this_one(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    mine, other = await signed_in_as(resources, user), await signed_in_as(resources, user)
    draft = await credentials.offer_app(resources, mine)
    changed = await credentials.add_app(resources, mine, draft.sealed, Phone(draft.secret).code())
    renewed = await find_session(resources, changed.token)
    assert renewed is not None
    assert renewed.session_id == mine.session_id
    assert renewed.token_hash != mine.token_hash
    async with resources.db.transaction() as session:
        assert await list_ended(session, {mine.session_id, other.session_id}) == {other.session_id}
        said = list(await session.scalars(select(StoredEvent.type)))
    assert "user.credential_changed" in said


async def test_the_last_factor_of_a_role_that_must_have_one_stays(resources: Resources) -> None:
    user = await make_user(resources, role=Role.OPERATOR)
    await give_app(resources, user)
    signed_in = await signed_in_as(resources, user)
    resources.settings.second_factor = ["operator"]
    with pytest.raises(Conflict, match="must have a second factor"):
        await credentials.remove_app(resources, signed_in)
    assert (await credentials.find_standing(resources, user.id)).app_since is not None


@pytest.mark.asvs("6.4.4")
async def test_who_lost_everything_is_reset_by_an_operator_and_it_is_on_record(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    _, codes = await give_app(resources, user)
    token = await _first_proof(resources)
    assert await credentials.reset_second_factor(resources, user.id)
    assert isinstance(await _try(resources, token, codes[0]), Unauthenticated)
    begun = await sign_in(resources, HOME, username="ada", password=PASSWORD)
    assert isinstance(begun, Started), "the password alone is asked for again"
    async with resources.db.transaction() as session:
        changes = await session.scalars(
            select(StoredEvent.payload).where(StoredEvent.type == "user.credential_changed")
        )
        assert {"credential": "second_factor", "change": "reset"} in list(changes)
