"""Addresses of the rows behind a number: the list of referrals, narrowed to the same choice."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import url_for

from crm.analytics.filters import Filters
from crm.core.formats import month_start


def referral_rows(filters: Filters, months: Collection[int], **more: Any) -> str:
    """The referrals behind a number. `more`: other words of the list, in place of those of the filter."""
    chosen = {
        "territory": filters.territory, "source": filters.source, "line": filters.line, "site": filters.site,
        "payer": filters.payer, **more,
    }  # fmt: skip
    words = {name: value for name, value in chosen.items() if value is not None}
    return address("referrals.referrals", {**_months(months), **words})


def practice_page(practice_id: int) -> str:
    """The page of a source."""
    return url_for("directory.practice", practice_id=practice_id)


def address(endpoint: str, words: Mapping[str, Any]) -> str:
    """The address of a page with words for its query string."""
    return url_for(endpoint, **dict(words))


def _months(months: Collection[int]) -> dict[str, str]:
    if not months:
        return {}
    first, last = (f"{month_start(month):%Y-%m}" for month in (min(months), max(months)))
    return {"month": first} if first == last else {"from": first, "to": last}
