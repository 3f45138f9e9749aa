"""/schedules: previewed in words, kept, changed, paused, run now and looked back at."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import now
from tests.api.acting import Person, Worker

TIMING = {"when": "every weekday at 8:30", "time_zone": "Europe/Berlin"}
BODY = {"text": "What is new?", **TIMING}


async def names(ada: Person) -> list[str]:
    return [one["name"] for one in (await ada.done("GET", "/schedules"))["items"]]


async def test_a_time_is_previewed_in_words_with_its_next_five_runs(ada: Person) -> None:
    wanted = {"when": "jeden Tag um 8", "time_zone": "America/New_York"}
    seen = await ada.done("POST", "/schedules/preview", wanted)
    assert (seen["words"], seen["kind"], seen["rule"]) == (
        "Every day at 08:00",
        "cron",
        "0 8 * * *",
    )
    assert len(seen["runs"]) == 5
    assert (await ada.done("GET", "/schedules"))["items"] == []


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("every 15 minutes", "Every 15 minutes"),
        ("0 8 * * MON-FRI", "Every weekday at 08:00"),
        ("0 9 1 * *", "On the 1st of every month at 09:00"),
        ("0 9 * * 1,4", "Every Monday and Thursday at 09:00"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9;BYMINUTE=0",
         "Every 2 weeks on Monday at 09:00"),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0",
         "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0"),
        ("@daily", "Every day at 00:00"),
        ("2099-12-24T18:00", "On 24 December 2099 at 18:00"),
    ],
)  # fmt: skip
async def test_words_cron_rrule_and_moments_are_understood(
    ada: Person, when: str, words: str
) -> None:
    assert (await ada.done("POST", "/schedules/preview", {"when": when}))["words"] == words


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"when": "sometimes"}, "when"),
        ({"when": "every day at 8 send me the news"}, "when"),
        ({"when": "0 0 31 2 *"}, "when"),
        ({"when": "FREQ=SECONDLY"}, "when"),
        ({"when": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"}, "when"),
        ({"when": "2020-01-01T10:00"}, "when"),
        ({"when": "on 1 January 2020 at 10:00"}, "when"),
        ({"time_zone": "Europe/Bonn"}, "time_zone"),
        ({"ends_at": "2020-01-01T10:00:00Z"}, "ends_at"),
        ({"starts_at": "2020-01-01T10:00:00Z"}, "starts_at"),
        ({"text": "  "}, "text"),
        ({"name": "x" * 256}, "name"),
        ({"most_runs": 0}, "most_runs"),
        ({"start_within_seconds": 1}, "start_within_seconds"),
        ({"missed": "perhaps"}, "missed"),
        ({"overlap": "both"}, "overlap"),
        ({"priority": "highest"}, "priority"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_kept(
    ada: Person, change: dict[str, Any], field: str
) -> None:
    status, error = await ada.refused("POST", "/schedules", BODY | change)
    assert (status, error["field"]) == (422, field)
    assert error["message"].endswith((".", "?"))
    assert await names(ada) == []


async def test_a_refusal_speaks_german_where_german_is_read(ada: Person) -> None:
    answer = await ada.http.post(
        "/api/v1/schedules/preview",
        json={"when": "manchmal"},
        headers={"accept-language": "de"},
    )
    assert "nicht zu verstehen" in answer.json()["error"]["message"]


async def test_a_schedule_is_kept_changed_paused_and_removed(ada: Person) -> None:
    made = await ada.done("POST", "/schedules", BODY | {"missed": "all", "overlap": "queue"})
    path = f"/schedules/{made['id']}"
    assert (made["name"], made["words"]) == ("What is new?", "Every weekday at 08:30")
    assert (made["missed"], made["overlap"], made["last_run"]) == ("all", "queue", None)
    changed = await ada.done("PATCH", path, {"when": "every day at 9", "name": "News"})
    assert (changed["name"], changed["rule"], changed["time_zone"]) == (
        "News", "0 9 * * *", "Europe/Berlin"
    )  # fmt: skip
    moved = await ada.done("PATCH", path, {"time_zone": "America/New_York"})
    assert (moved["rule"], moved["next_at"] != changed["next_at"]) == ("0 9 * * *", True)
    assert (await ada.refused("PATCH", path, {"when": "0 0 31 2 *"}))[1]["field"] == "when"
    assert (await ada.done("GET", path))["rule"] == "0 9 * * *"
    paused = await ada.done("POST", f"{path}/pause")
    assert (paused["next_at"], paused["paused_at"] is not None) == (None, True)
    assert (await ada.done("POST", f"{path}/resume"))["next_at"] == moved["next_at"]
    await ada.done("DELETE", path)
    assert (await ada.refused("GET", path))[0] == 404
    assert await names(ada) == []
    assert (await ada.done("POST", f"{path}/restore"))["next_at"] == moved["next_at"]
    assert await names(ada) == ["News"]


async def test_one_runs_now_and_shows_its_runs(ada: Person, worker: Worker) -> None:
    made = await ada.done("POST", "/schedules", BODY)
    path = f"/schedules/{made['id']}"
    task = await ada.done("POST", f"{path}/run")
    assert task["kind"] == "scheduled_task"
    assert (await ada.refused("POST", f"{path}/run"))[0] == 409
    await worker.end(await worker.claim(task["id"]))
    assert [run["id"] for run in (await ada.done("GET", f"{path}/runs"))["items"]] == [task["id"]]
    seen = await ada.done("GET", path)
    assert (seen["last_run"]["status"], seen["runs"]) == ("completed", 1)
    assert seen["thread_id"] == task["thread_id"]
    assert (await ada.done("GET", "/schedules"))["items"] == [seen]


async def test_pages_follow_each_other_without_gap_or_repetition(ada: Person) -> None:
    for n in range(5):
        await ada.done("POST", "/schedules", BODY | {"name": f"s{n}"})
    seen: list[str] = []
    query = "?limit=2"
    while query:
        page = await ada.done("GET", f"/schedules{query}")
        seen += [one["name"] for one in page["items"]]
        query = f"?limit=2&after={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [f"s{n}" for n in reversed(range(5))]


async def test_a_form_tells_the_zone_once_and_it_counts_where_none_is_told(ada: Person) -> None:
    await ada.done("POST", "/schedules/preview", TIMING)
    seen = await ada.done("POST", "/schedules/preview", {"when": "every day at 8"})
    assert seen["time_zone"] == "Europe/Berlin"


async def test_an_end_may_be_taken_away_again(ada: Person) -> None:
    end = (now() + timedelta(days=30)).isoformat()
    made = await ada.done("POST", "/schedules", BODY | {"ends_at": end, "most_runs": 3})
    path = f"/schedules/{made['id']}"
    assert made["ends_at"] is not None
    open_ended = await ada.done("PATCH", path, {"ends_at": None, "most_runs": None})
    assert (open_ended["ends_at"], open_ended["most_runs"]) == (None, None)
    assert open_ended["rule"] == made["rule"]
