"""What the operator says of OpenID Connect providers, at which people may sign in."""

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Preset = Literal["generic", "google", "github", "microsoft", "keycloak", "gitlab"]
RoleName = Literal["admin", "operator", "user", "viewer"]
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Ways to sign with a key pair. `none` and signing with a shared secret are not among them."""

SHARED_TENANTS = ("common", "organizations", "consumers")
"""Names under which Microsoft signs in people of many tenants."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_TENANT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WANTED = {
    "generic": ("issuer",),
    "google": (),
    "github": (),
    "microsoft": ("tenant",),
    "keycloak": ("base_url", "realm"),
    "gitlab": (),
}
_TAKEN = {
    "generic": ("issuer",),
    "google": (),
    "github": ("base_url",),
    "microsoft": ("tenant", "tenants"),
    "keycloak": ("base_url", "realm"),
    "gitlab": ("base_url",),
}


class SignInProviderSettings(BaseModel):
    """One provider at which people may sign in; see docs/sign-in.md."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="In addresses: a to z, 0 to 9 and `-`.")
    label: str | None = Field(default=None, max_length=40, description="What its button says.")
    preset: Preset = "generic"
    client_id: str = Field(min_length=1, max_length=300)
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    issuer: str | None = None
    base_url: str | None = None
    realm: str | None = None
    tenant: str | None = None
    tenants: list[str] = Field(default=[], description="Whose people a shared tenant lets in.")
    private: bool = Field(
        default=False, description="Whether its host is one inside your own network."
    )
    scopes: list[str] = Field(default=[], description="What is asked for besides the usual.")
    algorithms: list[Algorithm] = Field(default=["RS256", "PS256", "ES256", "EdDSA"], min_length=1)
    anyone: bool = Field(default=False, description="Whether everybody there may come in.")
    allowed_domains: list[str] = Field(
        default=[], description="Whose verified e-mail address is in one of these may come in."
    )
    allowed_groups: list[str] = Field(
        default=[], description="Who is in one of these groups there may come in."
    )
    new_accounts: bool = Field(
        default=True,
        description="Whether who may come in gets an account; else an invitation is wanted.",
    )
    groups_claim: str = Field(
        default="groups", description="The claim that lists groups; dots lead into objects."
    )
    roles: dict[str, RoleName] = Field(
        default={}, description="Role by group, set at each sign-in; the highest counts."
    )
    default_role: RoleName = Field(
        default="user", description="The role of a new account, and of who is in none of `roles`."
    )
    trusts_second_factor: bool = Field(
        default=False, description="Whether a second factor that was asked for there counts here."
    )
    tool_hosts: list[str] = Field(
        default=[],
        description="Hosts (`host` or `host:port`) at which users' own tool servers may work with "
        "their accounts there; servers for everybody need an admin alone.",
    )
    signs_out_there: bool = Field(
        default=True, description="Whether signing out here signs out there too, where it can."
    )

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("A provider's name has a to z, 0 to 9 and -, and begins with a letter")
        return name

    @field_validator("tool_hosts")
    @classmethod
    def _plain_hosts(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"Write a host of tool_hosts as tools.example.org or tools.example.org:8443, "
                    f"not {host}"
                )
        return hosts

    @field_validator("issuer", "base_url")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
            raise ValueError("Name an address that begins with https://, without a user name")
        if parts.query or parts.fragment:
            raise ValueError("Leave ? and # out of this address")
        return url

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Raises ValueError, a sentence, for what cannot work."""
        for field in _WANTED[self.preset]:
            if not getattr(self, field):
                raise ValueError(f"Provider {self.name}: {self.preset} needs {field}")
        for field in ("issuer", "base_url", "realm", "tenant", "tenants"):
            if getattr(self, field) and field not in _TAKEN[self.preset]:
                raise ValueError(f"Provider {self.name}: {self.preset} takes no {field}")
        if (self.client_secret is None) == (self.client_secret_file is None):
            raise ValueError(
                f"Provider {self.name}: give either client_secret or client_secret_file"
            )
        for url in (self.issuer, self.base_url):
            if url and not url.startswith("https://") and not self.private:
                raise ValueError(
                    f"Provider {self.name}: {url} is not https; that is for a host inside your own "
                    "network alone, which you say with private"
                )
        self._check_tenants()
        return self

    def _check_tenants(self) -> None:
        if self.preset != "microsoft":
            return
        for tenant in (*([] if self.tenant in SHARED_TENANTS else [self.tenant]), *self.tenants):
            if not _TENANT.fullmatch(tenant or ""):
                raise ValueError(
                    f"Provider {self.name}: write a tenant as its id, as "
                    "01234567-89ab-cdef-0123-456789abcdef; its domain is not in its tokens"
                )
        if self.tenant in SHARED_TENANTS and not self.tenants and not self.anyone:
            raise ValueError(
                f"Provider {self.name}: {self.tenant} is everybody at Microsoft; list tenants, or "
                "say that anyone may come in"
            )


def check_names(providers: list[SignInProviderSettings]) -> list[SignInProviderSettings]:
    """The providers. Raises ValueError if two have one name."""
    names = [provider.name for provider in providers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Two providers are called {name}; names stand in addresses")
    return providers
