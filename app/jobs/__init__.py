"""What runs in the background besides turns: two tables, FUNCTIONS and CRON."""

from arq import cron
from arq.cron import CronJob
from arq.worker import Function, func

from app.jobs.housekeeping import expire_questions, remove_lost_files, remove_old_rows
from app.jobs.mcp import look_at_server, try_server
from app.mcp.trying import LONGEST_SECONDS

FUNCTIONS: list[Function] = [
    func(expire_questions),
    func(remove_old_rows),
    func(remove_lost_files),
    func(try_server, timeout=LONGEST_SECONDS, keep_result=60, max_tries=1),
    func(look_at_server, timeout=LONGEST_SECONDS, keep_result=0),
]
"""Jobs that may be sent by name."""

CRON: list[CronJob] = [
    cron(expire_questions, second=7, unique=True),
    cron(remove_old_rows, hour=3, minute=17, unique=True),
    cron(remove_lost_files, minute=23, unique=True),
]
"""Jobs that run by the clock, once however many workers there are (UTC)."""
