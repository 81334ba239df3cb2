"""Logs: one JSON object per line, so that no value can forge a second line; no bodies, queries or tokens."""

import logging
import traceback
from pathlib import Path

import structlog

LAST_FRAMES = 8
FORMAT = "%(levelname)s %(name)s %(message)r"  # the message as Python writes it: a line stays a line


def configure(level: str) -> None:
    """Write our own and the libraries' records to standard error."""
    logging.basicConfig(level=level, format=FORMAT)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # its plan of every step would drown what matters
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def fault(problem: BaseException) -> dict[str, object]:
    """What a record says of an exception: its kind and where it happened, never its text, which may quote a row."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames[:-1] if "crm" in Path(frame.filename).parts]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in [*own, *frames[-1:]]]
    return {"fault": type(problem).__name__, "where": where[-LAST_FRAMES:]}
