"""E-mail goes over encrypted lines, to servers that are who they say they are; else it stays."""

import ipaddress
import ssl
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from app.core.clock import now
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.notifications.mail import send_mail
from tests.fakes.receivers import Mailbox, open_mailbox


def certify(folder: Path, address: str) -> tuple[ssl.SSLContext, Path]:
    """What a server at `address` proves itself with, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox")])
    place = x509.IPAddress(ipaddress.ip_address(address))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "mailbox.pem", folder / "mailbox.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context, public


def settings_for(mailbox: Mailbox, scheme: str | None = None) -> Settings:
    """Signs in as ada with the password `p:w`."""
    own, _, address = mailbox.url.partition("://")
    url = f"{scheme or own}://ada:p%3Aw@{address}"
    return Settings(smtp_url=SecretStr(url), smtp_from="keiko@example.org")


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "keiko@example.org", "ada@example.org", "Hello"
    mail.set_content("A secret")
    return mail


def lines(mailbox: Mailbox, verb: str) -> list[bool]:
    """For each line with this verb, whether it came encrypted."""
    return [encrypted for line, encrypted in mailbox.spoken if line.startswith(verb)]


async def test_starttls_encrypts_the_password_and_the_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certify(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with open_mailbox(starttls=context) as mailbox:
        await send_mail(a_mail(), settings_for(mailbox))
    assert [mail["Subject"] for mail in mailbox.mails] == ["Hello"]
    assert lines(mailbox, "STARTTLS") == [False]
    assert lines(mailbox, "AUTH") == lines(mailbox, "MAIL") == [True]


async def test_tls_encrypts_from_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certify(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with open_mailbox(tls=context) as mailbox:
        await send_mail(a_mail(), settings_for(mailbox))
    assert [mail["Subject"] for mail in mailbox.mails] == ["Hello"]
    assert all(encrypted for _, encrypted in mailbox.spoken)
    assert lines(mailbox, "AUTH") == [True]


async def test_a_server_without_starttls_is_told_nothing() -> None:
    async with open_mailbox() as mailbox:
        with pytest.raises(Unavailable, match="offers no STARTTLS; nothing was sent"):
            await send_mail(a_mail(), settings_for(mailbox, "smtp"))
    assert mailbox.mails == []
    assert {line.partition(" ")[0] for line, _ in mailbox.spoken} <= {"EHLO", "QUIT"}


@pytest.mark.asvs("12.3.2")
@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("is_trusted", [False, True], ids=["nobody's", "another's"])
async def test_a_certificate_that_is_not_to_be_trusted_ends_it_before_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, is_trusted: bool
) -> None:
    context, trusted = certify(tmp_path, "127.0.0.9" if is_trusted else "127.0.0.1")
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with open_mailbox(**{way: context}) as mailbox:
        with pytest.raises(Unavailable, match="certificate of the SMTP server is not to be trust"):
            await send_mail(a_mail(), settings_for(mailbox))
    assert mailbox.mails == []
    assert {line.partition(" ")[0] for line, _ in mailbox.spoken} <= {"EHLO", "STARTTLS"}


async def test_a_plain_line_is_used_where_the_operator_says_so() -> None:
    async with open_mailbox() as mailbox:
        await send_mail(a_mail(), settings_for(mailbox))
    assert lines(mailbox, "AUTH") == [False]
    assert [mail["Subject"] for mail in mailbox.mails] == ["Hello"]
