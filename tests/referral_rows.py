"""Referrals as tests write them straight into the database, each with a number of its own."""

from itertools import count
from typing import Any

from crm.referrals.models import TYPED_IN, Referral, ids_of

NUMBERS = count(1)


def a_referral(**values: Any) -> Referral:
    """A row, typed in or (with `import_id`) of an import."""
    number = next(NUMBERS)
    of = values.get("import_id")
    return Referral(
        id=TYPED_IN + number if of is None else ids_of(of).start + number,
        **values,
    )
