"""What the processes must not have done before they are forked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def said_by(code: str) -> list[str]:
    """The words that a fresh Python prints."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.check_output(command, cwd=ROOT, text=True).split()


@pytest.mark.parametrize("process", ["web", "worker", "consumer"])
def test_importing_a_process_starts_no_thread_so_that_it_may_be_forked(process: str) -> None:
    code = f"import threading, app.{process}; print(threading.active_count())"
    assert said_by(code)[-1] == "1"


def test_preparing_the_web_process_starts_no_thread_either_and_opens_nothing() -> None:
    code = """
import threading, psutil, app.web
before = psutil.Process().num_fds()
app.web.prepare()
print(threading.active_count(), psutil.Process().num_fds() - before)
"""
    assert said_by(code)[-2:] == ["1", "0"]


def test_the_command_line_loads_nothing_heavy_to_show_its_help() -> None:
    loaded = said_by("import sys, app.cli.operate; print(*sys.modules)")
    assert not {"asyncio", "chainlit", "pydantic", "redis", "sqlalchemy"} & set(loaded)


def test_two_processes_of_one_nursery_draw_different_ids() -> None:
    code = """
import os
from app.core.clock import new_id
new_id()
for _ in range(2):
    if os.fork() == 0:
        print(*(new_id().hex[16:] for _ in range(3)), flush=True)
        os._exit(0)
    os.wait()
"""
    drawn = said_by(code)
    assert len(set(drawn)) == len(drawn) == 6
