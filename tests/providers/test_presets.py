"""What the operator says of a provider, and what is known of the well-known ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.cli.operate import main
from app.core.settings import Settings
from app.core.sign_in_settings import SignInProviderSettings
from app.users.providers.flow import issuer_of
from app.users.providers.openid import Denied, Distrusted
from app.users.providers.presets import Provider
from app.users.providers.profile import read_profile

TENANT = "01234567-89ab-cdef-0123-456789abcdef"
OTHER = "11111111-2222-3333-4444-555555555555"
Given = dict[str, Any]


def provider(**given: Any) -> Provider:
    values = {"name": "there", "client_id": "keiko", "client_secret": "hush", **given}
    return Provider(SignInProviderSettings.model_validate(values))


@pytest.mark.parametrize(
    ("given", "issuer", "label"),
    [
        ({"preset": "google"}, "https://accounts.google.com", "Google"),
        ({"preset": "github"}, "https://github.com", "GitHub"),
        ({"preset": "gitlab"}, "https://gitlab.com", "GitLab"),
        ({"preset": "gitlab", "base_url": "https://git.here/"}, "https://git.here", "GitLab"),
        (
            {"preset": "keycloak", "base_url": "https://sso.here", "realm": "staff"},
            "https://sso.here/realms/staff",
            "Keycloak",
        ),
        (
            {"preset": "microsoft", "tenant": TENANT.upper()},
            f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "Microsoft",
        ),
        ({"issuer": "https://id.here", "name": "my-work"}, "https://id.here", "My work"),
    ],
)
def test_a_preset_knows_who_its_provider_says_that_it_is(
    given: Given, issuer: str, label: str
) -> None:
    found = provider(**given)

    assert (found.issuer, found.label) == (issuer, label)
    assert found.is_github or found.discovery == f"{issuer}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "generic needs issuer"),
        ({"preset": "keycloak", "base_url": "https://sso.here"}, "keycloak needs realm"),
        ({"preset": "google", "tenant": TENANT}, "google takes no tenant"),
        ({"preset": "google", "client_secret": None}, "either client_secret or client_secret_file"),
        ({"preset": "google", "client_secret_file": "/a"}, "either client_secret or client_secret"),
        ({"issuer": "http://id.here"}, "is not https"),
        ({"issuer": "https://id.here?x=1"}, "Leave ? and # out"),
        ({"issuer": "id.here"}, "begins with https://"),
        ({"preset": "microsoft", "tenant": "here.onmicrosoft.com"}, "write a tenant as its id"),
        ({"preset": "microsoft", "tenant": "common"}, "everybody at Microsoft"),
        ({"preset": "google", "name": "My Provider"}, "A provider's name has a to z"),
        ({"preset": "google", "algorithms": ["none"]}, "algorithms"),
        ({"preset": "google", "algorithms": ["HS256"]}, "algorithms"),
        ({"preset": "google", "algorithms": []}, "algorithms"),
        ({"preset": "google", "nonsense": 1}, "nonsense"),
    ],
)
def test_what_cannot_work_stops_the_start_with_a_sentence(given: Given, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        provider(**given)

    assert sentence in str(refused.value)


def test_a_wrong_setting_does_not_print_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [{"name": "there", "client_id": "keiko", "client_secret": "hush-hush"}]
    monkeypatch.setenv("KEIKO_SIGN_IN_PROVIDERS", json.dumps(wrong))
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None)

    assert "generic needs issuer" in str(refused.value)
    assert "hush-hush" not in str(refused.value)


def test_the_command_line_says_what_is_wrong_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [{"name": "there", "client_id": "keiko", "client_secret": "hush"}]
    monkeypatch.setenv("KEIKO_SIGN_IN_PROVIDERS", json.dumps(wrong))
    monkeypatch.setattr("sys.argv", ["keiko", "doctor"])
    with pytest.raises(SystemExit):
        main()

    said = capsys.readouterr().err
    assert said == (
        "keiko: KEIKO_SIGN_IN_PROVIDERS, entry 1: Provider there: generic needs issuer.\n"
    )


def test_two_providers_have_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"name": "there", "preset": "google", "client_id": "keiko", "client_secret": "hush"}
    monkeypatch.setenv("KEIKO_SIGN_IN_PROVIDERS", json.dumps([one, one]))
    with pytest.raises(ValidationError, match="Two providers are called there"):
        Settings(_env_file=None)


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")

    found = provider(preset="google", client_secret=None, client_secret_file=tmp_path / "secret")

    assert found.secret() == "hush"


@pytest.mark.asvs("10.5.3")
def test_a_shared_tenant_lets_in_people_of_the_tenants_that_are_named_alone() -> None:
    shared = provider(preset="microsoft", tenant="organizations", tenants=[TENANT])

    assert issuer_of(shared, TENANT) == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    with pytest.raises(Denied):
        issuer_of(shared, OTHER)
    for odd in (None, "", f"{TENANT}/../{OTHER}", "evil.example/", 5):
        with pytest.raises(Distrusted):
            issuer_of(shared, odd)


@pytest.mark.parametrize(
    ("preset", "claims", "domain"),
    [
        ("google", {"hd": "Here.org"}, "here.org"),
        ("google", {}, None),
        ("google", {"email": "ada@gmail.com"}, "gmail.com"),
        ("gitlab", {}, "here.org"),
        ("microsoft", {}, None),
        ("microsoft", {"xms_edov": True}, "here.org"),
    ],
)
def test_a_domain_counts_where_the_provider_vouches_for_it(
    preset: str, claims: Given, domain: str | None
) -> None:
    given = {"tenant": TENANT} if preset == "microsoft" else {}
    said = {"email": "ada@here.org", "email_verified": True, **claims}

    found = read_profile(provider(preset=preset, **given), {"iss": "i", "sub": "1"}, said)

    assert found.domain == domain


@pytest.mark.parametrize(
    "iss",
    [
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://login.microsoftonline.com//v2.0",
        f"https://login.microsoftonline.com/{TENANT}/../x/v2.0",
        f"https://login.microsoftonline.com/{TENANT}.evil.example/v2.0",
        f"https://login.microsoftonline.com/{TENANT.upper()}/v2.0",
        f"https://login.microsoftonline.com/{TENANT}\n/v2.0",
        "https://login.microsoftonline.com/v2.0",
        "https://accounts.example.org",
        "",
    ],
)
def test_what_is_no_tenant_of_a_shared_issuer_is_not_that_issuer(iss: str) -> None:
    shared = provider(preset="microsoft", tenant="organizations", tenants=[TENANT])

    assert not shared.is_issuer(iss)
    assert shared.is_issuer(f"https://login.microsoftonline.com/{TENANT}/v2.0")


def test_an_issuer_of_its_own_is_told_letter_by_letter() -> None:
    own = provider(issuer="https://id.here")

    assert own.is_issuer("https://id.here")
    assert not any(map(own.is_issuer, ("https://id.here/", "https://ID.here", "", "{tenantid}")))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"preset": "google"}, {"access_type": "offline", "prompt": "consent"}),
        ({"issuer": "https://id.here", "scopes": ["offline_access"]}, {"prompt": "consent"}),
        ({"issuer": "https://id.here"}, {}),
    ],
)
def test_a_refresh_token_is_asked_for_as_each_provider_wants_it(given: Given, asked: Given) -> None:
    assert provider(**given).asks_to_refresh == asked


@pytest.mark.parametrize("host", ["https://tools.here", "tools.here/mcp", "*", "*.here", "a b"])
def test_a_host_of_tools_is_a_host_and_nothing_else(host: str) -> None:
    with pytest.raises(ValidationError, match=r"tools\.example\.org"):
        provider(preset="google", tool_hosts=[host])
