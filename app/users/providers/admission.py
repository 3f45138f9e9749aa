"""Who may come in by a provider, and as what: decided anew at every sign-in.

Nobody comes in unless the operator has said who. Domains count by verified addresses alone.
"""

from app.core.errors import Forbidden
from app.users.models import Role
from app.users.providers.presets import Provider
from app.users.providers.profile import Profile

_ORDER = list(Role)
"""From most to least."""


def is_admitted(provider: Provider, profile: Profile) -> bool:
    """Whether the operator's rules let somebody in who was not invited."""
    return provider.settings.anyone or _fits(provider, profile)


def require_welcome(provider: Provider, profile: Profile) -> None:
    """Raise Forbidden for somebody whom the operator's rules leave out, invited or not.

    Where there are no rules, whoever is invited or links their account is welcome.
    """
    given = provider.settings
    ruled = given.allowed_domains or given.allowed_groups
    if ruled and not given.anyone and not _fits(provider, profile):
        raise refused(provider)


def refused(provider: Provider) -> Forbidden:
    """Somebody is known there, and may not come in here."""
    return Forbidden(
        f"Your account at {provider.label} may not come in here. Ask whoever runs this Keiko for "
        "an invitation."
    )


def role_for(provider: Provider, profile: Profile) -> Role | None:
    """The role that the provider's groups give; None where the operator gives none by groups."""
    given = provider.settings
    if not given.roles:
        return None
    found = [Role(role) for group, role in given.roles.items() if group in profile.groups]
    return min(found, key=_ORDER.index, default=Role(given.default_role))


def _fits(provider: Provider, profile: Profile) -> bool:
    given = provider.settings
    domains = [domain.lower().lstrip("@") for domain in given.allowed_domains]
    if profile.domain is not None and profile.domain in domains:
        return True
    return any(group in given.allowed_groups for group in profile.groups)
