"""Tests of columns that hold each text once: they say what a plain list of texts says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.importing.cells import Cells, Coder, Packed, joined

texts = st.lists(
    st.one_of(st.sampled_from(["", "Seen", "Open", "Zoë"]), st.text(alphabet=st.characters(exclude_characters="\x1f")))
)


@given(texts, st.sets(st.text(max_size=3)), st.data())
def test_a_column_says_what_a_list_says(said: list[str], wanted: set[str], data: st.DataObject) -> None:
    cells = Cells.of(said)
    wanted |= set(said[:2])
    assert len(cells) == len(said)
    assert cells.texts() == said == [cells[row] for row in range(len(said))]
    assert cells.are(wanted).tolist() == [text in wanted for text in said]
    assert cells.are_filled().tolist() == [bool(text) for text in said]
    assert Packed.of(cells).cells().texts() == (said or cells.texts())
    rows = data.draw(st.lists(st.sampled_from(range(len(said))), unique=True)) if said else []
    changed = cells.with_text(rows, "new")
    assert changed.texts() == ["new" if row in rows else text for row, text in enumerate(said)]
    assert not set(changed.words) - set(changed.texts())
    assert cells.texts() == said


@given(texts, st.integers(0, 20))
def test_parts_of_a_column_are_coded_alike(said: list[str], cut: int) -> None:
    coder = Coder()
    codes = joined([coder.codes(said[:cut]), coder.codes(said[cut:])])
    assert Cells(list(coder.words), codes).texts() == said


def test_a_column_of_different_texts_is_left_as_it_is() -> None:
    ids, words = [f"R-{number}" for number in range(300)], ["Seen", "Open"] * 150
    for said, many in ((ids, 600), (words, 2)):
        coder = Coder()
        codes = joined([coder.codes(said), coder.codes(said)])
        assert (Cells(list(coder.words), codes).texts(), len(coder.words)) == (said * 2, many)


def test_many_different_texts_fit() -> None:
    for many in (255, 256, 257, 65_536, 65_537):
        said = [str(n) for n in range(many)]
        packed = Packed.of(Cells.of(said))
        assert packed.cells().texts() == said
        assert packed.codes.dtype.itemsize == (1 if many <= 256 else 2 if many <= 65_536 else 4)
        assert packed.size == len("\x1f".join(said)) + packed.codes.nbytes
    assert np.unique(Cells.of(["a", "a"]).codes).tolist() == [0]
