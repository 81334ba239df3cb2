"""Tests of adding many rows at once, on both databases."""

from typing import Any, cast

from sqlalchemy import Table, func, select

from crm.core import bulk
from crm.referrals.models import KEY_BYTES, ImportRefusal, ReferralImport, ReferralKeyPage
from tests.cast import Cast
from tests.referrals.files import events
from tests.referrals.importing import bring_in

PAGES = cast(Table, ReferralKeyPage.__table__)
REFUSALS = cast(Table, ImportRefusal.__table__)


def test_rows_come_in(database: Any, cast: Cast) -> None:
    session = database()
    batch: ReferralImport = bring_in(session, events(1))
    there = session.scalar(select(func.count()).select_from(PAGES))
    pages = {"import_id": [batch.id] * 3, "first_key": keys(1, 2, 3), "last_key": keys(1, 2, 255)}
    bulk.load(session, PAGES, {**pages, "keys": keys(1, 2, 3), "places": [b"\x00\\N\t", b"", b"\n"]})
    found = session.execute(select(PAGES.c.last_key, PAGES.c.places).order_by(PAGES.c.id)).all()[there:]
    assert [tuple(map(bytes, row)) for row in found] == list(
        zip(keys(1, 2, 255), [b"\x00\\N\t", b"", b"\n"], strict=True)
    )
    bulk.load(session, PAGES, {name: [] for name in pages})


def keys(*numbers: int) -> list[bytes]:
    return [number.to_bytes(KEY_BYTES, "big") for number in numbers]


def test_text_stays_what_it_is_and_constants_too(database: Any, cast: Cast) -> None:
    session = database()
    batch: ReferralImport = bring_in(session, events(1))
    odd = ["tab\there", "line\nbreak", "back\\slash", "\\N", "'quoted' \"twice\"", "", "naïve ☃"]
    columns = {"import_id": [batch.id] * 7, "line": [5] * 7, "column": odd, "reason": ["same"] * 7}
    bulk.load(session, REFUSALS, columns)
    found = session.execute(select(ImportRefusal.column, ImportRefusal.line, ImportRefusal.reason)).all()
    assert sorted(map(tuple, found)) == sorted((text, 5, "same") for text in odd)
