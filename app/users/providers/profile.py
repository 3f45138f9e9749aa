"""Who somebody is, as a provider says: cleaned before anybody is shown it or decides by it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from app.core.db import JSON
from app.users.providers.presets import Provider

_LONGEST_NAME = 100
_LONGEST_MAIL = 254
_MOST_GROUPS = 2_000
_LONGEST_GROUP = 300
_MAIL = re.compile(r"[^\s@\x00-\x20\x7f<>\"(),:;\\\[\]]{1,64}@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_SECOND_FACTORS = {"mfa", "otp", "hwk", "swk", "sms", "fpt", "face", "iris", "pop", "sc"}
"""Of RFC 8176: what says that more than a password was asked for."""


class Profile(BaseModel):
    """Somebody at a provider. Accounts are known by issuer and subject, and by nothing else."""

    issuer: str
    subject: str
    email: str | None = None
    """An address that the provider says is theirs; None for one that it does not vouch for."""
    domain: str | None = None
    """Whose address that is, in lower case."""
    name: str | None = None
    username: str | None = None
    groups: list[str] = []
    amr: list[str] = []
    session: str | None = None
    """The provider's own session (`sid`)."""

    @property
    def shown(self) -> str:
        """What its owner recognises it by."""
        return self.email or self.username or self.name or self.subject


def read_profile(provider: Provider, claims: JSON, told: JSON) -> Profile:
    """What ID token and userinfo say together: who it is by the token, the rest by either."""
    both = {**claims, **told}
    email, domain = _mail(provider, both)
    return Profile(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email,
        domain=domain,
        name=clean_name(both.get("name")),
        username=clean_name(both.get("preferred_username") or both.get("nickname")),
        groups=read_groups(_follow(both, provider.settings.groups_claim)),
        amr=read_amr(provider, claims.get("amr")),
        session=claims["sid"] if isinstance(claims.get("sid"), str) else None,
    )


def clean_name(value: object) -> str | None:
    """One line of plain text, or nothing."""
    if not isinstance(value, str):
        return None
    composed = unicodedata.normalize("NFC", value[: 4 * _LONGEST_NAME])
    kept = "".join(" " if letter.isspace() else letter for letter in composed)
    plain = "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C")
    return " ".join(plain.split())[:_LONGEST_NAME].strip() or None


def read_mail(value: object, verified: object) -> tuple[str | None, str | None]:
    """An address and its domain, if it is one and the provider vouches for it."""
    if not isinstance(value, str) or len(value) > _LONGEST_MAIL or verified is not True:
        return None, None
    found = _MAIL.fullmatch(value)
    return (value, found[1].lower()) if found else (None, None)


def read_groups(value: object) -> list[str]:
    """Names of groups; one alone may stand without a list."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, Sequence):
        return []
    names = (each for each in found[:_MOST_GROUPS] if isinstance(each, str))
    return [name for name in names if 0 < len(name) <= _LONGEST_GROUP]


def read_amr(provider: Provider, value: object) -> list[str]:
    """How it was proved: at the provider; by a second factor, if the operator trusts it there."""
    said = {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
    if provider.settings.trusts_second_factor and said & _SECOND_FACTORS:
        return ["fed", "mfa"]
    return ["fed"]


def _mail(provider: Provider, both: JSON) -> tuple[str | None, str | None]:
    preset = provider.settings.preset
    verified = both.get("email_verified")
    if preset == "microsoft":  # an admin may write any address there; this says it was proved
        verified = both.get("xms_edov") in (True, 1, "1", "true")
    email, domain = read_mail(both.get("email"), verified)
    if preset == "google" and domain not in (None, "gmail.com", "googlemail.com"):
        # Somebody may keep an account with an address that is no longer theirs; `hd` says whose
        # the account is.
        held = both.get("hd")
        domain = held.lower() if isinstance(held, str) else None
    return email, domain


def _follow(claims: Mapping[str, Any], path: str) -> object:
    """The claim of that name, or else the one that its dots lead to."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
