"""E-mail: plain text with an HTML twin, sent through the operator's SMTP server."""

import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from app.core.errors import Invalid, Unavailable
from app.core.settings import Settings
from app.notifications.models import Delivery, Notification
from app.notifications.texts import body, headline, link_words, path_of, why_words

SECONDS = 30


def mail_of(notification: Notification, delivery: Delivery, settings: Settings) -> EmailMessage:
    """The e-mail for one delivery. Sent twice, it has the same id: mailboxes show it once."""
    language = delivery.language
    mail = EmailMessage()
    sender = settings.smtp_from or ""
    mail["Subject"] = headline(notification, language)
    mail["From"] = str(Address("Keiko", addr_spec=sender))
    mail["To"] = delivery.target
    mail["Date"] = notification.created_at
    mail["Message-ID"] = f"<{delivery.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language
    link = link_to(notification, settings)
    parts = [headline(notification, language), body(notification, language), link,
             f"-- \n{why_words(notification, language)}"]  # fmt: skip
    mail.set_content("\n\n".join(part for part in parts if part) + "\n")
    mail.add_alternative(_html(notification, language, link), subtype="html")
    return mail


def link_to(notification: Notification, settings: Settings) -> str:
    """Where a browser reads on; empty while nobody has said at which address it finds us."""
    if not settings.public_url:
        return ""
    return settings.public_url.rstrip("/") + path_of(notification)


def _html(notification: Notification, language: str, link: str) -> str:
    text = escape(body(notification, language)).replace("\n", "<br>")
    button = (
        f'<p><a href="{escape(link)}" style="display:inline-block;padding:10px 18px;'
        'border-radius:8px;background:#24566b;color:#ffffff;text-decoration:none">'
        f"{escape(link_words(notification, language))}</a></p>"
    )
    return (
        f'<!doctype html><html lang="{language}"><body style="font:16px/1.5 system-ui,sans-serif;'
        'max-width:36em;margin:2em auto;padding:0 1em">'
        f'<h1 style="font-size:20px">{escape(headline(notification, language))}</h1>'
        f"<p>{text}</p>{button if link else ''}"
        f'<p style="color:#5f5b55;font-size:13px">{escape(why_words(notification, language))}</p>'
        "</body></html>\n"
    )


async def send_mail(mail: EmailMessage, settings: Settings) -> None:
    """Hand an e-mail to the SMTP server. Invalid if it is refused for good, else Unavailable."""
    if settings.smtp_url is None or not settings.smtp_from:
        raise Unavailable(
            "No SMTP server is set; the operator sets KEIKO_SMTP_URL and KEIKO_SMTP_FROM."
        )
    try:
        await _hand_over(mail, urlsplit(settings.smtp_url.get_secret_value()))
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise _refusal(first.code, first.message) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if _is_distrust(error):
            raise Unavailable(
                "The certificate of the SMTP server is not to be trusted, or is for another name;"
                " nothing was sent. The operator looks at KEIKO_SMTP_URL and the certificate."
            ) from error
        raise Unavailable("The SMTP server does not answer.") from error


async def _hand_over(mail: EmailMessage, server: SplitResult) -> None:
    """Connect and send; the password goes over the line only as the address says."""
    client = aiosmtplib.SMTP(
        hostname=server.hostname,
        port=server.port or (465 if server.scheme == "smtps" else 587),
        use_tls=server.scheme == "smtps",
        start_tls=False,
        tls_context=ssl.create_default_context(),
        timeout=SECONDS,
    )
    async with client:
        if server.scheme == "smtp":
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise Unavailable(
                    "The SMTP server offers no STARTTLS; nothing was sent. The operator sets"
                    " KEIKO_SMTP_URL to smtps://, or to smtp+plain:// in a network to be trusted."
                )
            await client.starttls()
        if server.username:
            await client.login(unquote(server.username), unquote(server.password or ""))
        await client.send_message(mail)


def _is_distrust(error: BaseException | None) -> bool:
    """Whether it was the certificate that a connection failed for."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _refusal(code: int, message: str) -> Invalid | Unavailable:
    sentence = f"The SMTP server says {code} {' '.join(message.split())}"
    return Invalid(sentence) if 500 <= code < 600 else Unavailable(sentence)
