"""Logs: one JSON line per event, fields instead of sentences."""

import logging
import sys

import structlog

log = structlog.get_logger()


def configure_logs(process: str, level: str = "info") -> None:
    """Send this process's log lines, ours and the libraries', to standard error."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(name)s %(message)s")
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "authlib",
        "aiohttp.access",
        "mcp",
        "uvicorn.access",
        "uvicorn.error",
        "arq",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
