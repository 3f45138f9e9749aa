"""/files: bytes for their owner, and nothing that a browser would run."""

import pytest

from app.core.resources import Resources
from tests.api.acting import Person
from tests.files.keeping import PNG, bring, make_task


@pytest.mark.asvs("3.2.1")
async def test_a_file_is_listed_and_served_with_what_a_browser_must_know(
    ada: Person, resources: Resources
) -> None:
    said = await ada.say()
    task_id = await make_task(resources, ada.user_id)
    id = await bring(resources, ada.user_id, task_id, PNG, name="A chart ä", kind="image/png")
    (view,) = (await ada.done("GET", f"/files?task_id={task_id}"))["items"]
    assert (view["id"], view["name"], view["kind"], view["size"]) == (
        str(id), "A chart ä.png", "image/png", len(PNG),
    )  # fmt: skip
    assert (await ada.done("GET", f"/files?task_id={said['task_id']}"))["items"] == []
    assert (await ada.done("GET", f"/files?thread_id={said['thread_id']}"))["items"] == []
    answer = await ada.http.get(view["url"])
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline; filename*=utf-8''A%20chart")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.asvs("1.3.4", "3.2.1", "5.3.1")
async def test_markup_is_never_shown_whatever_it_claims_to_be(
    ada: Person, resources: Resources
) -> None:
    task_id = await make_task(resources, ada.user_id)
    markup = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for kind in ("text/html", "image/svg+xml", "image/png", "application/xhtml+xml", "text/xml"):
        id = await bring(resources, ada.user_id, task_id, markup, name="a.html", kind=kind)
        answer = await ada.http.get(f"/api/v1/files/{id}")
        assert answer.content == markup
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_parts_are_given_and_what_is_known_is_not_sent_again(
    ada: Person, resources: Resources
) -> None:
    id = await bring(resources, ada.user_id, await make_task(resources, ada.user_id), b"0123456789")
    path = f"/api/v1/files/{id}"
    part = await ada.http.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert "sandbox" in part.headers["content-security-policy"]
    etag = part.headers["etag"]
    known = await ada.http.get(path, headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    fitting = await ada.http.get(path, headers={"Range": "bytes=0-0", "If-Range": etag})
    assert fitting.status_code == 206
    assert (await ada.http.get(path, headers={"Range": "bytes=20-"})).status_code == 416
    other = await ada.http.get(path, headers={"Range": "bytes=0-0", "If-Range": '"old"'})
    assert (other.status_code, other.content) == (200, b"0123456789")


async def test_a_file_of_somebody_else_does_not_exist_even_if_its_content_is_known(
    ada: Person, bob: Person, resources: Resources
) -> None:
    id = await bring(resources, ada.user_id, await make_task(resources, ada.user_id), PNG)
    etag = (await ada.http.get(f"/api/v1/files/{id}")).headers["etag"]
    answer = await bob.http.get(f"/api/v1/files/{id}", headers={"If-None-Match": etag})
    assert answer.status_code == 404
    assert (await bob.done("GET", "/files"))["items"] == []
    task_id = (await ada.done("GET", "/files"))["items"][0]["task_id"]
    assert (await bob.done("GET", f"/files?task_id={task_id}"))["items"] == []


async def test_a_lost_content_is_said_and_is_no_bug(ada: Person, resources: Resources) -> None:
    id = await bring(resources, ada.user_id, await make_task(resources, ada.user_id), b"lost")
    for path in (resources.settings.data / "files").glob("??/*"):
        path.unlink()
    assert (await ada.refused("GET", f"/files/{id}"))[0] == 404


async def test_pages_follow_one_another(ada: Person, resources: Resources) -> None:
    task_id = await make_task(resources, ada.user_id)
    made = [await bring(resources, ada.user_id, task_id, bytes([n])) for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = await ada.done("GET", f"/files?limit=2{cursor}")
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&after={page['next_cursor']}"
    assert seen == [str(id) for id in reversed(made)]
