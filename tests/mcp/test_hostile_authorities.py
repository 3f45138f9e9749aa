"""What an authorization server says that means no good: it is not shown, and breaks nothing."""

from typing import Any

import pytest

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.mcp.oauth.discovery import read_scopes
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded
from tests.mcp.signing import begin, register, sign_in


@pytest.mark.parametrize(
    "seconds", ["9" * 5000, "\u0669" * 5000, "-1", 1e308, -1, True, [3600], {}], ids=range(8)
)
async def test_a_life_of_a_token_that_is_no_number_of_seconds_is_unknown(
    here: Resources,
    guarded: Guarded,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    seconds: object,
) -> None:
    usual = guarded.authority._issue

    def issue(*given: Any, **named: Any) -> dict[str, Any]:
        return {**usual(*given, **named), "expires_in": seconds}

    monkeypatch.setattr(guarded.authority, "_issue", issue)
    ada, row = await make_user("ada"), await register(here, guarded.url)
    assert (await sign_in(here, ada.id, row.id)).server_id == row.id


@pytest.mark.asvs("1.2.2")
@pytest.mark.parametrize("host", ["\u0430uth.example", "auth.example\u202e"], ids=["alike", "bidi"])
async def test_nobody_is_sent_to_a_page_whose_name_looks_like_another(
    here: Resources, guarded: Guarded, make_user: MakeUser, host: str
) -> None:
    guarded.authority.metadata["authorization_endpoint"] = f"https://{host}/authorize"
    ada, row = await make_user("ada"), await register(here, guarded.url)
    with pytest.raises(Unavailable, match="may not be the one it looks like"):
        await begin(here, ada.id, row.id)


def test_only_what_can_be_a_scope_is_shown_as_one() -> None:
    said = ["notes", "notes:write", "\x1b[2Jx", "a\u202eb", 'a"b', "a\\b", "a b", "", 7]
    assert read_scopes(said) == ("notes", "notes:write")
    assert read_scopes("notes \x1b[31m notes:write") == ("notes", "notes:write")
