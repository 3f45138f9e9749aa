"""The providers that the operator has set up, with what is known of the well-known ones."""

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from app.core.errors import NotFound, Unavailable
from app.core.settings import Settings
from app.core.sign_in_settings import SHARED_TENANTS, SignInProviderSettings

MICROSOFT = "https://login.microsoftonline.com"
TENANT_PLACE = "{tenantid}"
"""Stands in the issuer of Microsoft's shared tenants for the tenant of each token."""

_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_LABELS = {
    "google": "Google",
    "github": "GitHub",
    "microsoft": "Microsoft",
    "keycloak": "Keycloak",
    "gitlab": "GitLab",
}


@dataclass(frozen=True)
class Provider:
    """One provider. Accounts are known by its issuer and their subject there."""

    settings: SignInProviderSettings

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return self.settings.name

    @property
    def label(self) -> str:
        """What people call it."""
        given = self.settings.label or _LABELS.get(self.settings.preset)
        return given or self.name.replace("-", " ").capitalize()

    @property
    def is_github(self) -> bool:
        """Whether it speaks OAuth alone and says by an API of its own who somebody is."""
        return self.settings.preset == "github"

    @cached_property
    def issuer(self) -> str:
        """Who it has to say that it is, letter by letter."""
        given = self.settings
        base = (given.base_url or "").rstrip("/")
        match given.preset:
            case "google":
                return "https://accounts.google.com"
            case "github":
                return base or "https://github.com"
            case "gitlab":
                return base or "https://gitlab.com"
            case "keycloak":
                return f"{base}/realms/{given.realm}"
            case "microsoft":
                return f"{MICROSOFT}/{self._tenant_in_issuer}/v2.0"
        return given.issuer or ""

    @property
    def _tenant_in_issuer(self) -> str:
        tenant = self.settings.tenant or ""
        if tenant == "consumers":
            return _PERSONAL_TENANT
        return TENANT_PLACE if tenant in SHARED_TENANTS else tenant.lower()

    @property
    def discovery(self) -> str:
        """Where it describes itself (OpenID Connect Discovery 1.0, 4)."""
        if self.settings.preset == "microsoft":
            tenant = (self.settings.tenant or "").lower()
            return f"{MICROSOFT}/{tenant}/v2.0/.well-known/openid-configuration"
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    @property
    def scopes(self) -> list[str]:
        """What is asked for."""
        given = self.settings
        if self.is_github:
            orgs = ["read:org"] if given.allowed_groups or given.roles else []
            return ["read:user", "user:email", *orgs, *given.scopes]
        return ["openid", "email", "profile", *given.scopes]

    @property
    def asks_to_refresh(self) -> dict[str, str]:
        """What else is asked for where Keiko is to act for somebody who is not there."""
        if self.settings.preset == "google":
            return {"access_type": "offline", "prompt": "consent"}
        return {"prompt": "consent"} if "offline_access" in self.scopes else {}

    def is_issuer(self, iss: str) -> bool:
        """Whether it may name itself so: letter by letter, but for the tenant of a shared one."""
        before, place, after = self.issuer.partition(TENANT_PLACE)
        if not place:
            return iss == self.issuer
        tenant = iss.removeprefix(before).removesuffix(after)
        return iss == f"{before}{tenant}{after}" and is_tenant(tenant)

    def secret(self) -> str:
        """Keiko's password there. Raises Unavailable where its file cannot be read."""
        if self.settings.client_secret is not None:
            return self.settings.client_secret.get_secret_value()
        file = self.settings.client_secret_file
        try:
            text = file.read_text(encoding="utf-8").strip() if file else ""
        except (OSError, ValueError):
            text = ""
        if not text:
            raise Unavailable(
                f"Keiko cannot read its own secret for {self.label}. Whoever runs this Keiko looks "
                "at client_secret_file in KEIKO_SIGN_IN_PROVIDERS."
            )
        return text

    def private_hosts(self, settings: Settings) -> list[str]:
        """Hosts inside the operator's network that may be asked for this provider's sake."""
        own = [urlsplit(self.issuer).hostname or ""] if self.settings.private else []
        return [*settings.outbound_private, *own]


def is_tenant(tenant: str) -> bool:
    """Whether this is the id of one of Microsoft's tenants."""
    return _TENANT.fullmatch(tenant) is not None


def list_providers(settings: Settings) -> list[Provider]:
    """All providers, in the operator's order."""
    return [Provider(each) for each in settings.sign_in_providers]


def get_provider(settings: Settings, name: str) -> Provider:
    """The provider of that name. Raises NotFound."""
    for provider in list_providers(settings):
        if provider.name == name:
            return provider
    raise NotFound("There is no such way to sign in here.")
