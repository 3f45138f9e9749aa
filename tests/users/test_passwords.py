"""Passwords."""

import pytest

from app.core.errors import Invalid
from app.users.breached import is_breached
from app.users.passwords import hash_password, hashing_slot, matches


@pytest.mark.asvs("6.2.4")
@pytest.mark.parametrize("password", ["12345678", "PassWord", "qwertzuiop", "Passwort123"])
async def test_a_password_that_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="first that anybody would try"):
        await hash_password(password)


@pytest.mark.asvs("6.2.1", "6.2.5", "6.2.9")
async def test_a_password_has_eight_to_256_characters_of_any_kind() -> None:
    for good in ("pa ss wo", "ü" * 256, "日本語の長い合言葉"):
        hashed = await hash_password(good)
        async with hashing_slot:
            assert await matches(hashed, good)
    with pytest.raises(Invalid, match="at least 8"):
        await hash_password("seven..")
    with pytest.raises(Invalid, match="at most 256"):
        await hash_password("x" * 257)


@pytest.mark.asvs("6.2.8")
async def test_only_the_whole_password_matches() -> None:
    hashed = await hash_password("correct horse battery")
    async with hashing_slot:
        assert not await matches(hashed, "correct horse")
        assert not await matches(hashed, "Correct horse battery")
        assert not await matches("not a hash", "correct horse battery")
        assert not await matches(None, "nobody has this password")


@pytest.mark.asvs("11.4.2")
async def test_a_hash_costs_what_owasp_asks_for() -> None:
    hashed = await hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.asvs("6.2.12")
def test_breached_passwords_are_known_without_a_network() -> None:
    for known in ("trustno1", "Baseball1", "liverpool", "iloveyou", "qwertyuiop"):
        assert is_breached(known), known
    assert not any(is_breached(f"a sentence of one's own, number {n}") for n in range(1000))


@pytest.mark.asvs("6.1.2", "6.2.11")
@pytest.mark.parametrize("password", ["ada-lovelace", "Ada-Lovelace1!", "keiko2026", "KEIKO-keiko"])
async def test_a_password_that_is_little_more_than_a_name_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="little more than a name"):
        await hash_password(password, "Ada-Lovelace")


async def test_a_name_within_a_long_password_is_no_harm() -> None:
    assert await hash_password("what ada-lovelace had for breakfast", "ada-lovelace")
