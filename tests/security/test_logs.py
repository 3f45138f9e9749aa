"""What a process writes about itself: one JSON object a line, and nothing secret in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lines_of(code: str) -> list[dict[str, str]]:
    """What a process writes that does just this."""
    program = f"from app.core.logs import configure_logs, log\nconfigure_logs('test')\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.asvs("16.2.2", "16.2.4", "16.2.1")
def test_a_line_is_one_json_object_with_its_time_in_utc() -> None:
    [line] = lines_of("log.info('task_finished', task_id='7')")
    assert line["event"] == "task_finished"
    assert line["process"] == "test"
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


@pytest.mark.asvs("16.4.1")
def test_a_line_break_in_a_value_begins_no_line() -> None:
    [line] = lines_of(r"log.info('seen', who='ada\n{\"event\": \"admin_made\"}\r\x1b[2J')")
    assert line["who"].startswith("ada\n")
