"""Passwords."""

import pytest

from app.core.errors import Invalid
from app.users.passwords import hash_password, hashing_slot, matches


@pytest.mark.parametrize("password", ["12345678", "PassWord", "qwertzuiop", "Passwort123"])
async def test_a_password_that_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="first that anybody would try"):
        await hash_password(password)


async def test_a_password_has_eight_to_256_characters_of_any_kind() -> None:
    for good in ("pa ss wo", "ü" * 256, "日本語の長い合言葉"):
        hashed = await hash_password(good)
        async with hashing_slot:
            assert await matches(hashed, good)
    with pytest.raises(Invalid, match="at least 8"):
        await hash_password("seven..")
    with pytest.raises(Invalid, match="at most 256"):
        await hash_password("x" * 257)


async def test_only_the_whole_password_matches() -> None:
    hashed = await hash_password("correct horse battery")
    async with hashing_slot:
        assert not await matches(hashed, "correct horse")
        assert not await matches(hashed, "Correct horse battery")
        assert not await matches("not a hash", "correct horse battery")
        assert not await matches(None, "nobody has this password")


async def test_a_hash_costs_what_owasp_asks_for() -> None:
    hashed = await hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
