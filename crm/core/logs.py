"""Logs: one JSON object per line, so that no value can forge a second line; no bodies, queries or tokens."""

import logging

import structlog


def configure(level: str) -> None:
    """Write our own and the libraries' records to standard error."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)r")
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
