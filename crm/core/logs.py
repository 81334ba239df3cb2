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
    return {"fault": type(problem).__name__, "where": _places([*_own(frames[:-1]), *frames[-1:]])}


def here() -> list[str]:
    """Where in our own code something is being done."""
    return _places(_own(traceback.extract_stack()[:-2]))


def _own(frames: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if "crm" in Path(frame.filename).parts]


def _places(frames: list[traceback.FrameSummary]) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames][-LAST_FRAMES:]
