"""What runs in the background besides turns: two tables, FUNCTIONS and CRON."""

from arq import cron
from arq.cron import CronJob

from app.jobs.housekeeping import remove_old_rows

FUNCTIONS = [remove_old_rows]
"""Jobs that may be sent by name."""

CRON: list[CronJob] = [cron(remove_old_rows, hour=3, minute=17, unique=True)]
"""Jobs that run by the clock, once however many workers there are (UTC)."""
