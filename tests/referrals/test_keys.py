"""Tests of the fingerprints of rows, and of referrals that stand twice in a file or belong to each other."""

import hmac
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.referrals.importing import batches, segments, text
from crm.referrals.importing.keys import Keys, in_order, key_list
from crm.referrals.models import KEY_BYTES, Referral, ReferralSource, SourceKind
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralTotalMonth
from tests.cast import Cast
from tests.referrals.files import OKONJO, csv_bytes
from tests.referrals.importing import bring_in, counts, rows, take_back


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=5))
def test_a_key_is_an_hmac(secret: str, texts: list[str]) -> None:
    code = secret.encode("utf-8", "ignore").decode()
    expected = [hmac.digest(code.encode(), text.encode("utf-8", "replace"), "sha256")[:KEY_BYTES] for text in texts]
    assert key_list(Keys(code).of_texts(texts)) == expected


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(0, 30))
def test_like_rows_are_counted_through_the_blocks_of_a_file(said: list[str], cut: int) -> None:
    def keys_of(*parts: list[str]) -> bytes:
        keys, made = Keys("secret"), b""
        for part in parts:
            identities = sorted(set(part))
            made += keys.of_rows(identities, np.array([identities.index(one) for one in part], dtype=np.int64))
        return made

    whole = keys_of(said)
    assert keys_of(said[:cut], said[cut:]) == whole
    assert len(set(key_list(whole))) == len(said)
    assert key_list(in_order(whole).keys.tobytes()) == sorted(key_list(whole))


HEADER = ("Reference #", "Parent Reference #", "Referral Date", "Referring NPI", "Status")


def line(number: str, parent: str = "", status: str = "Open") -> list[str]:
    return [number, parent, "03/02/2026", OKONJO, status]


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (1, 3, 2, 0)])
def test_parent_and_child_count_once(session: Session, order: tuple[int, ...]) -> None:
    lines = [line("R1"), line("R2", "R1", "Scheduled"), line("R3", "R1", "Completed"), line("R4")]
    batch = bring_in(session, csv_bytes([lines[place] for place in order], HEADER))
    assert counts(batch) == (4, 2, 0, 2, 0)
    assert sorted(rows(session, "status")) == ["received", "received"]
    later = bring_in(session, csv_bytes([line("R5", "R1", "Completed"), line("R6", "R7")], HEADER))
    assert counts(later) == (2, 1, 0, 1, 0)  # R7 itself is in no file: its first child stands for it
    assert check_rollup(session) == []


def test_a_number_said_twice_in_blocks_of_their_own(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "CHUNK", 1)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 1)
    monkeypatch.setattr(batches, "BATCH_ROWS", 1)
    again = [line("R1"), line("R2"), line("r1"), line("R2", status="Denied")]
    assert counts(bring_in(session, csv_bytes(again, HEADER))) == (4, 2, 0, 1, 1)


def test_sources_that_are_no_practice_stand_apart_and_keep_no_name(session: Session) -> None:
    header = ("Referral Date", "Referring NPI", "Referring Practice", "Source Type")
    data = [
        ["03/02/2026", OKONJO, "", "Physician"],
        ["03/02/2026", "", "Zebulon Quillfeather", "Patient"],
        ["03/03/2026", "", "Self-referral", ""],
        ["03/04/2026", "", "Radio spot", "Advertising"],
        ["03/05/2026", "", "Nobody's Practice", ""],
    ]
    batch = bring_in(session, csv_bytes(data, header))
    assert (counts(batch), batch.unmatched_rows) == ((5, 5, 0, 0, 0), 1)
    found = session.execute(select(ReferralSource.kind, ReferralSource.name)).all()
    assert sorted((kind, name) for kind, name in found) == sorted([
        (SourceKind.PRACTICE, ""), (SourceKind.PATIENT, ""), (SourceKind.SELF, ""),
        (SourceKind.ADVERT, "Radio spot"), (SourceKind.PRACTICE, "Nobody's Practice"),
    ])  # fmt: skip
    total = session.scalars(select(ReferralTotalMonth)).one()
    assert (total.received, total.matched, total.apart) == (5, 1, 3)
    assert check_rollup(session) == []
    take_back(session, batch)
    assert session.scalars(select(ReferralTotalMonth)).all() == []
    assert session.scalars(select(Referral.id)).all() == []


def test_a_row_is_known_by_its_day_when_it_has_no_number(session: Session) -> None:
    header = ("Referral Date", "Referring NPI")
    data = csv_bytes([["03/02/2026", OKONJO]] * 3 + [["03/03/2026", OKONJO]], header)
    assert counts(bring_in(session, data)) == (4, 4, 0, 0, 0)
    assert counts(bring_in(session, data)) == (4, 0, 0, 4, 0)
    assert sorted(rows(session, "received_on")) == [date(2026, 3, 2)] * 3 + [date(2026, 3, 3)]
