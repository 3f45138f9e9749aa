"""A webhook that Slack, Mattermost, Discord's Slack twin and many others understand."""

import orjson

from app.core.outbound import Answer, Outbound
from app.core.settings import Settings
from app.notifications.mail import link_to
from app.notifications.models import Delivery, Notification
from app.notifications.texts import body, headline, link_words


def post_of(notification: Notification, language: str, settings: Settings) -> bytes:
    """`{"text": …}`; what stands in it is text, not markup of Slack's."""
    lines = [f"*{_plain(headline(notification, language))}*", _plain(body(notification, language))]
    if link := link_to(notification, settings):
        lines.append(f"<{link}|{link_words(notification, language)}>")
    return orjson.dumps({"text": "\n".join(line for line in lines if line)})


def _plain(text: str) -> str:
    """Escaped as Slack wants it: else "<!channel>" in an answer would wake everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def send_post(
    outbound: Outbound, notification: Notification, delivery: Delivery, settings: Settings
) -> Answer:
    """Post to the address of the delivery. Raises Unavailable and Invalid."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(delivery.id)}
    content = post_of(notification, delivery.language, settings)
    return await outbound.post(delivery.target, body=content, headers=headers)
