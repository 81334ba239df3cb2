"""Tests of the list of imports: what waits, and until when; what was given up is folded away."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from crm.core import formats
from crm.referrals import import_services
from crm.referrals.models import ReferralImport
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import events
from tests.referrals.test_import_views import send


def test_the_list_says_until_when_a_file_waits_and_folds_what_was_given_up(
    cast: Cast, sign_in: Callable[..., PageClient], database: Any
) -> None:
    maren = sign_in(cast.maren)
    send(maren, events(1))
    batch = database().scalars(select(ReferralImport)).one()
    until = formats.moment(batch.updated_at + import_services.KEPT_FOR)
    assert f"until {until}" in maren.get("/referrals/imports").text
    maren.post(f"/referrals/imports/{batch.id}/give-up")
    folded = maren.get("/referrals/imports")
    assert "referrals.csv" not in folded.text
    assert "Show 1 file that was given up" in folded.text
    assert "referrals.csv" in maren.get("/referrals/imports?all=1").text
