"""Which servers may work with their users' accounts at the operator's sign-in providers: the rule.

Whoever holds a provider's access token can act as its user there, and MCP forbids to pass tokens on
that were meant for others. So one goes to a server only if all of these agree:

* an admin, who registers the server for everybody or for a group; or else the operator, who names
  its host in `tool_hosts` of the provider, if somebody registers it for themselves;
* its user, who was shown the server's address and the provider, for this address alone (`lending`);
* the request itself: it is https, and goes to the very origin that its user agreed to (`bearer`).
"""

from urllib.parse import urlsplit
from uuid import UUID

from app.core.errors import Invalid, NotFound
from app.core.outbound import Allowed
from app.core.settings import Settings
from app.users.providers.presets import Provider, get_provider

_USUAL_PORTS = {"https": 443, "http": 80}


def check_loan(name: str | None, url: str | None, owner: UUID | None, settings: Settings) -> None:
    """Refuse a server at this address that is to work with accounts at this provider (now).

    `owner` is who has it for themselves; None for a shared one. Raises Invalid with the field.
    """
    if name is None or url is None:
        return
    provider = lending_provider(name, settings)
    parts = urlsplit(url)
    inside = Allowed(settings.outbound_private).names(parts.hostname or "")
    if parts.scheme != "https" and not inside:
        raise Invalid(
            "A server that works with people's accounts needs an address that begins with "
            "https://, for whoever reads its token on the way could use it.",
            field="url",
        )
    if owner is not None and not _is_named(url, provider.settings.tool_hosts):
        raise Invalid(
            f"A server of your own may not work with your account at {provider.label}. Ask an "
            "admin to register it for everybody, or your operator to name its host in tool_hosts.",
            field="provider",
        )


def lending_provider(name: str, settings: Settings) -> Provider:
    """The provider of that name. Raises Invalid where there is none (any more)."""
    try:
        return get_provider(settings, name)
    except NotFound:
        raise Invalid(
            "There is no sign-in provider of that name here. The operator names those that there "
            "are in KEIKO_SIGN_IN_PROVIDERS.",
            field="provider",
        ) from None


def _is_named(url: str, hosts: list[str]) -> bool:
    """Whether the operator names the host; one without a port stands for the usual port alone."""
    parts = urlsplit(url)
    port = parts.port or _USUAL_PORTS[parts.scheme]
    names = [f"{parts.hostname}:{port}"]
    if port == _USUAL_PORTS[parts.scheme]:
        names.append(parts.hostname or "")
    return any(name in hosts for name in names)
