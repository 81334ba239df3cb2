"""Tests of adding and removing many rows at once, on both databases."""

from typing import Any, cast

from sqlalchemy import Table, select

from crm.core import bulk
from crm.referrals.models import KEY_BYTES, ImportRefusal, ReferralImport, ReferralKey
from tests.cast import Cast
from tests.referrals.files import events
from tests.referrals.importing import bring_in

KEYS = cast(Table, ReferralKey.__table__)
REFUSALS = cast(Table, ImportRefusal.__table__)


def keys(*numbers: int) -> list[bytes]:
    return [number.to_bytes(KEY_BYTES, "big") for number in numbers]


def test_rows_come_and_go(database: Any) -> None:
    session = database()
    bulk.load(session, KEYS, {"row_key": keys(1, 2, 3), "referral_id": [1 << 40, 7, -1]})
    assert sorted(session.scalars(select(ReferralKey.referral_id))) == [-1, 7, 1 << 40]
    bulk.remove(session, KEYS.c.row_key, keys(2, 9))
    assert sorted(session.scalars(select(ReferralKey.referral_id))) == [-1, 1 << 40]
    bulk.load(session, KEYS, {"row_key": [], "referral_id": []})


def test_text_stays_what_it_is_and_constants_too(database: Any, cast: Cast) -> None:
    session = database()
    batch: ReferralImport = bring_in(session, events(1))
    odd = ["tab\there", "line\nbreak", "back\\slash", "\\N", "'quoted' \"twice\"", "", "naïve ☃"]
    columns = {"import_id": [batch.id] * 7, "line": [5] * 7, "column": odd, "reason": ["same"] * 7}
    bulk.load(session, REFUSALS, columns)
    found = session.execute(select(ImportRefusal.column, ImportRefusal.line, ImportRefusal.reason)).all()
    assert sorted(map(tuple, found)) == sorted((text, 5, "same") for text in odd)
