"""Days and words out of a query string; whatever is no such thing counts as not given."""

from datetime import date

from flask import request

from crm.core import clock

MAX_WORDS = 100


def arg_day(name: str) -> date | None:
    """A day of this century, written 2026-11-24."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if clock.is_in_our_time(day) else None


def arg_words(name: str) -> str:
    """What somebody looks for, in one line that every database takes."""
    return plain_words(request.args.get(name, ""))


def plain_words(text: str) -> str:
    """Text without what no database can store, in one line of at most 100 characters."""
    return " ".join(text.replace("\x00", " ").encode("utf-8", "ignore").decode().split())[:MAX_WORDS]
