"""Tests of the pages of keys: what they find is what one dictionary of all keys would find."""

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from crm.referrals.importing import key_pages
from crm.referrals.models import KEY_BYTES, Grain, ImportState, Referral, ReferralImport, ReferralKeyPage, ids_of
from tests.cast import Cast

# Keys that end in zeros, and keys with the same beginning, are the ones that numpy could take for others.
KEYS = [bytes([n % 3]) * 8 + bytes(7) + bytes([n // 3]) for n in range(9)] + [bytes(15) + b"\x01", bytes(16)]
KEYS += [hashlib.sha256(bytes([n])).digest()[:KEY_BYTES] for n in range(9)]
some_keys = st.lists(st.sampled_from(KEYS), unique=True)


@settings(
    max_examples=60, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(some_keys, st.sampled_from(["done", "running", "taking_back"])), max_size=5),
    some_keys,
    st.randoms(use_true_random=False),
)
def test_pages_find_the_newest_row_of_each_key(
    cast: Cast, database: Any, imports: list[tuple[list[bytes], str]], wanted: list[bytes], chance: Any
) -> None:
    session: Session = database()
    expected: dict[bytes, int] = {}
    # A file that was uploaded first may go in last.
    batches = [an_import(session, cast, ImportState(state)) for _, state in imports]
    for (keys, state), batch in chance.sample([*zip(imports, batches, strict=True)], len(imports)):
        ids = np.arange(len(keys), dtype=np.int64) + ids_of(batch.id).start
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(key_pages, "PAGE_KEYS", 3)
            for _ in key_pages.write_pages(session, batch.id, b"".join(keys), ids):
                pass
        write_rows(session, batch.id, ids.tolist())
        if state != "running":
            replace(session, batch.id, [expected[key] for key in keys if key in expected])
            expected |= dict(zip(keys, ids.tolist(), strict=True))
    found = key_pages.newest_ids(session, b"".join(wanted)).tolist()
    assert found == [expected.get(key, 0) for key in wanted]
    session.execute(delete(Referral))
    session.execute(delete(ReferralKeyPage))
    session.execute(delete(ReferralImport))
    session.commit()


def test_a_key_whose_row_is_gone_is_free(cast: Cast, database: Any) -> None:
    """An import that is being taken back may have lost rows already, and still has their keys."""
    session: Session = database()
    batch = an_import(session, cast, ImportState.TAKING_BACK)
    list(key_pages.write_pages(session, batch.id, KEYS[0], np.array([ids_of(batch.id).start])))
    assert key_pages.newest_ids(session, KEYS[0]).tolist() == [0]
    list(key_pages.remove_pages(session, batch.id))
    assert session.scalars(select(ReferralKeyPage)).all() == []


def an_import(session: Session, cast: Cast, state: ImportState) -> ReferralImport:
    batch = ReferralImport(file_name="a.csv", grain=Grain.EVENT, state=state, owner_id=cast.maren.id)
    session.add(batch)
    session.flush()
    return batch


def write_rows(session: Session, import_id: int, ids: list[int]) -> None:
    values = {"import_id": import_id, "month": 24_000, "count": 1, "payer": "unknown", "status": "received"}
    if ids:
        session.execute(insert(Referral), [{"id": id_, **values} for id_ in ids])


def replace(session: Session, import_id: int, ids: list[int]) -> None:
    session.execute(update(Referral).where(Referral.id.in_(ids)).values(replaced_by=import_id))
