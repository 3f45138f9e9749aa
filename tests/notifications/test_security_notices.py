"""Whoever owns an account is told when what it is signed in with changes, and cannot miss it."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import new_id, now
from app.events.access import ApiKeyChanged, CredentialChanged, IdentityChanged
from app.events.event import Event
from app.events.store import record
from app.notifications.models import Channel, Kind
from app.notifications.rules import USUAL
from app.notifications.security_texts import CHANGES
from app.notifications.texts import headline
from app.users.models import User
from tests.fakes.receivers import Mailbox
from tests.notifications.acting import Told

CREDENTIALS = [
    ("password", "changed", "Your password was changed", "Dein Passwort wurde geändert"),
    ("password", "reset", "Whoever runs this Keiko gave you a new password", "neues Passwort"),
    ("app", "added", "An authenticator app was set up", "Authenticator-App eingerichtet"),
    ("app", "removed", "The authenticator app of your account was removed", "wurde entfernt"),
    ("passkey", "added", "Your account has a new passkey", "einen neuen Passkey"),
    ("passkey", "removed", "A passkey of your account was removed", "Ein Passkey deines Kontos"),
    ("recovery_codes", "added", "New recovery codes were made", "neue Wiederherstellungscodes"),
    ("recovery_codes", "used", "A recovery code of your account was used", "wurde benutzt"),
    ("second_factor", "reset", "removed your second factor", "zweiten Faktor entfernt"),
]


async def happen(ada: Told, event: Event) -> None:
    """Let something be on record, and be heard."""
    async with ada.resources.db.transaction() as session:
        record(session, event)
    await ada.hear()


async def grow_old(ada: Told) -> None:
    """Have made the account long ago."""
    async with ada.resources.db.transaction() as session:
        (await session.get_one(User, ada.user_id)).created_at = now() - timedelta(days=1)


def changed(ada: Told, credential: str, change: str) -> CredentialChanged:
    return CredentialChanged(user_id=ada.user_id, credential=credential, change=change)


def key(ada: Told, change: str) -> ApiKeyChanged:
    return ApiKeyChanged(
        user_id=ada.user_id, key_id=new_id(), name="Backup", scopes=["tasks:read"], change=change
    )


@pytest.mark.asvs("6.3.7")
@pytest.mark.parametrize(("credential", "change", "english", "german"), CREDENTIALS)
async def test_a_change_of_credentials_is_told(
    ada: Told, credential: str, change: str, english: str, german: str
) -> None:
    await happen(ada, changed(ada, credential, change))

    (notice,) = await ada.inbox()
    assert notice.kind is Kind.SECURITY
    assert english in headline(notice, "en")
    assert german in headline(notice, "de")


def test_every_change_that_is_told_has_a_test() -> None:
    tested = {f"{credential}.{change}" for credential, change, _, _ in CREDENTIALS}
    assert set(CHANGES) == tested | {"identity.linked", "identity.unlinked", "api_key.created"}


@pytest.mark.asvs("6.3.7")
@pytest.mark.parametrize(
    ("change", "english"), [("linked", "You can sign in"), ("unlinked", "no longer")]
)
async def test_a_provider_that_is_linked_or_unlinked_is_told_by_its_name(
    ada: Told, change: str, english: str
) -> None:
    await grow_old(ada)
    await happen(ada, IdentityChanged(user_id=ada.user_id, provider="github", change=change))

    (notice,) = await ada.inbox()
    assert english in headline(notice, "en") and "“github”" in headline(notice, "en")
    assert "„github“" in headline(notice, "de")


async def test_who_has_just_come_by_a_provider_is_not_told_that_they_can(ada: Told) -> None:
    await happen(ada, IdentityChanged(user_id=ada.user_id, provider="github", change="linked"))

    assert await ada.inbox() == []


async def test_a_key_that_is_made_is_told_and_its_use_and_its_end_are_not(ada: Told) -> None:
    await happen(ada, key(ada, "created"))
    await happen(ada, key(ada, "first_used"))
    await happen(ada, key(ada, "revoked"))

    (notice,) = await ada.inbox()
    assert headline(notice, "en") == "An API key was made: “Backup”"
    assert headline(notice, "de") == "Ein API-Schlüssel wurde angelegt: „Backup“"


async def test_it_reaches_a_mailbox_at_once_whatever_was_switched_off(
    ada: Told, mailbox: Mailbox
) -> None:
    at = now()
    silence: dict[str, Any] = {
        "channels": dict.fromkeys(USUAL, frozenset[Channel]()),
        "only_when_away": True,
        "quiet_from": (at - timedelta(hours=1)).time(),
        "quiet_until": (at + timedelta(hours=1)).time(),
    }
    await ada.wish(email="ada@example.org", language="de", **silence)
    await happen(ada, changed(ada, "password", "changed"))

    assert (await ada.inbox())[0].toast
    assert await ada.send() == 1
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Dein Passwort wurde geändert"
    text = mail.get_body(("plain",))
    assert text is not None
    said = text.get_content()
    assert "Wenn du das nicht warst: Beende unter Einstellungen → Sicherheit" in said
    assert "https://keiko.example.org/work/settings#security" in said
    assert "es wird immer gesendet" in said and "so gewünscht" not in said
