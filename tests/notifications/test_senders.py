"""What leaves the machine: encrypted, signed, to the right address, once, and later if need be."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from app.core.clock import now
from app.core.errors import Invalid
from app.core.resources import Resources
from app.notifications.digest import send_digests
from app.notifications.models import (
    Channel,
    DeliveryState,
    Kind,
    NotificationSettings,
    PushSubscription,
)
from app.notifications.presence import keep_present
from app.notifications.service import mark_read
from app.notifications.subscriptions import public_key_text, push_key
from app.notifications.testing import MOST_TESTS, send_test
from app.notifications.wishes import Wishes, check_wishes
from tests.fakes.receivers import Mailbox, Receiver
from tests.notifications.acting import Told


async def states(ada: Told) -> list[DeliveryState]:
    return [delivery.state for delivery in await ada.deliveries()]


async def public_key(ada: Told) -> str:
    async with ada.resources.db.transaction() as session:
        return public_key_text(await push_key(session))


async def test_a_push_can_be_read_by_the_browser_alone_and_shows_who_sent_it(
    ada: Told, receiver: Receiver
) -> None:
    keys = await ada.subscribe(f"{receiver.url}/push/a", language="de")
    await ada.end(await ada.start(), answer="Drei Artikel.")
    await ada.hear()
    assert await ada.send() == 1
    (post,) = receiver.posts
    (told,) = await ada.inbox()
    assert keys.decrypt(post.body) == {
        "id": str(told.id),
        "title": "Fertig: Papers",
        "body": "Drei Artikel.",
        "path": f"/thread/{told.thread_id}",
        "language": "de",
    }
    assert b"Artikel" not in post.body
    assert post.headers["Content-Encoding"] == "aes128gcm"
    assert post.headers["Urgency"] == "normal" and int(post.headers["TTL"]) > 0
    assert post.headers["Topic"] == told.id.hex
    parts = urlsplit(receiver.url)
    assert post.is_signed_by(await public_key(ada), f"{parts.scheme}://{parts.netloc}")
    assert await states(ada) == [DeliveryState.SENT]


async def test_the_key_pair_is_made_once_however_many_ask_for_it(ada: Told) -> None:
    assert len({*await asyncio.gather(*(public_key(ada) for _ in range(5)))}) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    ada: Told, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    await ada.subscribe(f"{receiver.url}/push/a")
    await ada.tell()
    await ada.send()
    assert await states(ada) == [DeliveryState.DROPPED]
    async with ada.resources.db.transaction() as session:
        assert await session.scalar(select(PushSubscription)) is None


async def test_what_does_not_arrive_is_tried_again_and_given_up_in_the_end(
    ada: Told, receiver: Receiver
) -> None:
    receiver.answers = [503, 429, 201]
    await ada.wish(webhook_url=f"{receiver.url}/hook")
    await ada.tell()
    assert [await ada.send(), await ada.send()] == [1, 0]
    await ada.wait()
    assert await ada.send() == 1
    await ada.wait()
    assert await ada.send() == 1
    assert await states(ada) == [DeliveryState.SENT]
    receiver.answers = [500] * 9
    await ada.tell()
    for _ in range(6):
        await ada.wait()
        await ada.send()
    assert len(receiver.posts) == 3 + 5
    assert await states(ada) == [DeliveryState.SENT, DeliveryState.FAILED]
    assert (await ada.deliveries())[1].error == "The other side says 500."


async def test_what_is_refused_for_good_is_not_tried_again(ada: Told, receiver: Receiver) -> None:
    receiver.answers = [403]
    await ada.wish(webhook_url=f"{receiver.url}/hook")
    await ada.tell()
    await ada.send()
    assert await states(ada) == [DeliveryState.FAILED]


async def test_a_webhook_gets_text_in_which_nothing_is_a_command(
    ada: Told, receiver: Receiver
) -> None:
    await ada.wish(webhook_url=f"{receiver.url}/services/T/B/x")
    task = await ada.start(name="<!channel> & more")
    await ada.end(task, answer="<https://evil|click>")
    await ada.hear()
    await ada.send()
    (post,) = receiver.posts
    assert post.path == "/services/T/B/x"
    link = f"https://keiko.example.org/thread/{task.thread_id}"
    assert post.json == {
        "text": "*Done: &lt;!channel&gt; &amp; more*\n&lt;https://evil|click&gt;"
        f"\n<{link}|Open the conversation>"
    }


@pytest.mark.asvs("1.3.11")
async def test_an_email_is_text_and_html_with_a_link_and_an_id_of_its_own(
    ada: Told, mailbox: Mailbox
) -> None:
    await ada.wish(email="ada@example.org", language="de")
    task = await ada.start(name="Größe <b>")
    await ada.end(task, "failed", error_code="model", error="Das Modell antwortet nicht.")
    await ada.hear()
    await ada.send()
    (mail,) = mailbox.mails
    (delivery,) = await ada.deliveries()
    assert delivery.state is DeliveryState.SENT
    assert mail["Subject"] == "Nicht gelungen: Größe <b>"
    assert mail["To"] == "ada@example.org" and mail["From"] == "Keiko <keiko@example.org>"
    assert mail["Message-ID"] == f"<{delivery.id}@example.org>"
    text, html = (
        mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    assert "Das Modell antwortet nicht." in text
    assert f"https://keiko.example.org/thread/{task.thread_id}" in text
    assert "Größe &lt;b&gt;" in html and "Gespräch öffnen" in html


@pytest.mark.parametrize(
    ("refusal", "state"),
    [("550 no such box", DeliveryState.FAILED), ("451 later", DeliveryState.PENDING)],
)
async def test_a_mail_server_that_refuses_is_believed(
    ada: Told, mailbox: Mailbox, refusal: str, state: DeliveryState
) -> None:
    mailbox.refusals = [refusal]
    await ada.wish(email="ada@example.org")
    await ada.tell(Kind.QUESTION)
    await ada.send()
    assert await states(ada) == [state]
    assert refusal in str((await ada.deliveries())[0].error)


async def test_without_a_mail_server_the_delivery_says_what_is_missing(ada: Told) -> None:
    ada.resources = replace(
        ada.resources, settings=ada.resources.settings.model_copy(update={"smtp_url": None})
    )
    await ada.wish(email="ada@example.org")
    await ada.tell(Kind.QUESTION)
    await ada.send()
    assert "KEIKO_SMTP_URL" in str((await ada.deliveries())[0].error)


async def test_two_senders_never_send_the_same(ada: Told, receiver: Receiver) -> None:
    await ada.wish(webhook_url=f"{receiver.url}/hook")
    for n in range(10):
        await ada.tell(title=f"Paper {n}")
    counts = await asyncio.gather(*(ada.send() for _ in range(4)))
    assert sum(counts) == len(receiver.posts) == 10
    assert len({post.headers["Idempotency-Key"] for post in receiver.posts}) == 10


async def test_each_way_is_used_for_what_it_was_chosen_for(
    ada: Told, receiver: Receiver, mailbox: Mailbox
) -> None:
    await ada.subscribe(f"{receiver.url}/push/a")
    await ada.wish(
        email="ada@example.org",
        webhook_url=f"{receiver.url}/hook",
        channels={Kind.TASK_DONE: frozenset({Channel.EMAIL}), Kind.QUESTION: frozenset()},
    )
    await ada.tell(Kind.TASK_DONE)
    await ada.tell(Kind.QUESTION)
    assert [delivery.channel for delivery in await ada.deliveries()] == [Channel.EMAIL]
    assert [n.toast for n in await ada.inbox()] == [False, False]


async def test_quiet_hours_hold_back_even_a_question_which_is_in_the_inbox_at_once(
    ada: Told, receiver: Receiver
) -> None:
    at = now()
    await ada.wish(
        webhook_url=f"{receiver.url}/hook",
        quiet_from=(at - timedelta(hours=1)).time(),
        quiet_until=(at + timedelta(hours=1)).time(),
    )
    await ada.tell(Kind.QUESTION)
    assert await ada.send() == 0
    assert len(await ada.inbox()) == 1
    await ada.wait(timedelta(hours=1))
    assert await ada.send() == 1
    assert len(receiver.posts) == 1


async def test_what_was_read_meanwhile_is_not_sent(ada: Told, receiver: Receiver) -> None:
    await ada.wish(webhook_url=f"{receiver.url}/hook")
    id = await ada.tell()
    async with ada.resources.db.transaction() as session:
        await mark_read(session, ada.resources, ada.user_id, [id])
    await ada.send()
    assert receiver.posts == []
    assert await states(ada) == [DeliveryState.DROPPED]


async def test_only_when_away_means_when_no_page_is_open(ada: Told, receiver: Receiver) -> None:
    await ada.wish(webhook_url=f"{receiver.url}/hook", only_when_away=True)
    await ada.tell()
    await ada.send()
    assert len(receiver.posts) == 1
    await keep_present(ada.resources.redis, "web", [ada.user_id])
    await ada.tell()
    await ada.send()
    assert len(receiver.posts) == 1
    assert (await ada.deliveries())[1].error == "A page was open."


async def test_a_private_address_is_refused_when_it_is_saved_and_when_it_is_called(
    ada: Told, receiver: Receiver
) -> None:
    with pytest.raises(Invalid) as refused:
        check_wishes(Wishes(webhook_url=f"{receiver.url}/hook"), [])
    assert refused.value.field == "webhook_url"
    await ada.wish(webhook_url="http://169.254.169.254/latest/meta-data")
    await ada.tell()
    await ada.send()
    assert await states(ada) == [DeliveryState.FAILED]


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        (Wishes(email="ada"), "email"),
        (Wishes(email="ada@example.org\r\nBcc: all@example.org"), "email"),
        (Wishes(quiet_from=time(22)), "quiet_until"),
        (Wishes(quiet_from=time(22), quiet_until=time(22)), "quiet_until"),
        (Wishes(zone="Mars/Olympus"), "time_zone"),
        (Wishes(zone="../../etc/passwd"), "time_zone"),
        (Wishes(webhook_url="ftp://example.org"), "webhook_url"),
    ],
)
def test_a_wish_that_cannot_be_names_what_is_wrong(wishes: Wishes, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_wishes(wishes, [])
    assert refused.value.field == field


async def test_a_digest_gathers_what_is_unread_once_a_day(ada: Told, mailbox: Mailbox) -> None:
    await ada.wish(email="ada@example.org", digest_at=time(8), zone="Europe/Berlin")
    await ada.tell(Kind.TASK_DONE, title="First")
    seen = await ada.tell(Kind.TASK_DONE, title="Second")
    await ada.tell(Kind.TASK_DONE, title="Third")
    async with ada.resources.db.transaction() as session:
        await mark_read(session, ada.resources, ada.user_id, [seen])
    for due in (1, 0):
        async with ada.resources.db.transaction() as session:
            assert await send_digests(session, ada.resources) == 0
        await make_digest_due(ada)
        async with ada.resources.db.transaction() as session:
            assert await send_digests(session, ada.resources) == 1
        await ada.send()
        assert len(mailbox.mails) == 1, due
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Your day with Keiko: 2 unread"
    content = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "• Done: Third\n• Done: First" in content
    assert "https://keiko.example.org/work/inbox" in content


async def make_digest_due(ada: Told) -> None:
    async with ada.resources.db.transaction() as session:
        await session.execute(
            update(NotificationSettings).values(digest_due_at=now() - timedelta(seconds=1))
        )


async def test_a_test_message_goes_out_at_once_and_is_not_in_the_inbox_count(
    ada: Told, receiver: Receiver
) -> None:
    await ada.wish(webhook_url=f"{receiver.url}/hook", only_when_away=True)
    await keep_present(ada.resources.redis, "web", [ada.user_id])
    async with ada.resources.db.transaction() as session:
        (sent,) = await send_test(session, ada.user_id, Channel.WEBHOOK)
    assert await ada.send() == 1
    assert "*This is how Keiko tells you something*" in receiver.posts[0].json["text"]
    assert sent.channel is Channel.WEBHOOK


async def test_test_messages_are_few(ada: Told, resources: Resources) -> None:
    await ada.wish(webhook_url="https://example.org/hook")
    for _ in range(MOST_TESTS):
        async with resources.db.transaction() as session:
            await send_test(session, ada.user_id, Channel.WEBHOOK)
    with pytest.raises(Exception, match="enough"):
        async with resources.db.transaction() as session:
            await send_test(session, ada.user_id, Channel.WEBHOOK)
