"""Web push: a message that only the browser can read, in the request that its service wants.

RFC 8030 (request), RFC 8188 and 8291 (encryption), RFC 8292 (who we are).
"""

from urllib.parse import urlsplit

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from app.core.outbound import Answer, Outbound
from app.core.settings import Settings
from app.notifications.models import Kind, Notification, PushSubscription
from app.notifications.subscriptions import decode
from app.notifications.texts import body, headline, path_of

TTL_SECONDS = 24 * 3600
"""For how long a push service keeps a message for a browser that is off."""

LONGEST_BODY = 1000
"""Characters: an encrypted message has room for 4,096 bytes (RFC 8291)."""

_URGENT = frozenset({Kind.QUESTION, Kind.TASK_FAILED, Kind.SECURITY, Kind.TEST})


def message(notification: Notification, language: str) -> bytes:
    """What the service worker is told (`public/keiko/service-worker.js`)."""
    return orjson.dumps(
        {
            "id": str(notification.id),
            "title": headline(notification, language),
            "body": body(notification, language)[:LONGEST_BODY],
            "path": path_of(notification),
            "language": language,
        }
    )


def encrypt(content: bytes, subscription: PushSubscription) -> bytes:
    """`content` for this browser alone, with a key pair that is used once."""
    encrypted: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decode(subscription.p256dh),
        auth_secret=decode(subscription.auth),
        version="aes128gcm",
    )
    return encrypted


def headers(
    notification: Notification, endpoint: str, key: ec.EllipticCurvePrivateKey, contact: str
) -> dict[str, str]:
    """The headers of the request. A message with the same topic takes the other's place."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": contact}
    signed: dict[str, str] = Vapid02(key).sign(claims)
    return {
        "Authorization": signed["Authorization"],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL_SECONDS),
        "Urgency": "high" if notification.kind in _URGENT else "normal",
        "Topic": notification.id.hex,
    }


def contact_of(settings: Settings) -> str:
    """Whom a push service may ask about us."""
    if settings.smtp_from:
        return f"mailto:{settings.smtp_from}"
    public = settings.public_url or ""
    return f"https://{urlsplit(public).hostname}" if public.startswith("https://") else _NOBODY


_NOBODY = "mailto:keiko@localhost"


async def send_push(
    outbound: Outbound,
    notification: Notification,
    subscription: PushSubscription,
    key: ec.EllipticCurvePrivateKey,
    contact: str,
) -> Answer:
    """Hand a message to the browser's push service. Raises Unavailable and Invalid."""
    content = message(notification, subscription.language)
    endpoint = subscription.endpoint
    return await outbound.post(
        endpoint,
        body=encrypt(content, subscription),
        headers=headers(notification, endpoint, key, contact),
    )
