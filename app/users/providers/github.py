"""GitHub, which speaks OAuth and no OpenID Connect: its own API says who somebody is.

An account there is known by its number, which never changes hands, as its name may.
"""

from typing import Any

from app.users.providers.metadata import Endpoints
from app.users.providers.openid import Distrusted, Talk
from app.users.providers.presets import Provider
from app.users.providers.profile import Profile, clean_name, read_mail

_MOST = 100


def endpoints_of(provider: Provider) -> Endpoints:
    """Where GitHub, or a GitHub of one's own, does what."""
    base = provider.issuer
    return Endpoints(
        authorization=f"{base}/login/oauth/authorize",
        token=f"{base}/login/oauth/access_token",
        keys="",
        userinfo=f"{api_of(provider)}/user",
        end_session=None,
        says_issuer=False,
    )


def api_of(provider: Provider) -> str:
    """Where its API is."""
    if provider.issuer == "https://github.com":
        return "https://api.github.com"
    return f"{provider.issuer}/api/v3"


async def ask_profile(provider: Provider, talk: Talk, token: str) -> Profile:
    """Who holds this token. Raises Distrusted, or Unavailable."""
    api, given = api_of(provider), provider.settings
    user = await talk.get(f"{api}/user", token)
    number = user.get("id") if isinstance(user, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise Distrusted("user without a number")
    email, domain = _primary(await talk.get(f"{api}/user/emails?per_page={_MOST}", token))
    groups: list[str] = []
    if given.allowed_groups or given.roles:
        groups = _logins(await talk.get(f"{api}/user/orgs?per_page={_MOST}", token))
    return Profile(
        issuer=provider.issuer,
        subject=str(number),
        email=email,
        domain=domain,
        name=clean_name(user.get("name")),
        username=clean_name(user.get("login")),
        groups=groups,
        amr=["fed"],
    )


def _primary(found: Any) -> tuple[str | None, str | None]:
    for each in found if isinstance(found, list) else []:
        if isinstance(each, dict) and each.get("primary") is True:
            return read_mail(each.get("email"), each.get("verified"))
    return None, None


def _logins(found: Any) -> list[str]:
    orgs = found if isinstance(found, list) else []
    return [
        each["login"]
        for each in orgs
        if isinstance(each, dict) and isinstance(each.get("login"), str)
    ]
