"""Tests of who is held back: an opted-out address never comes out, whoever has it and however it is written."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.addresses import email_key, phone_key
from crm.directory.models import Channel
from crm.exports.reach import Addresses, candidate_for, exported, number_key, shown, written_for
from crm.exports.suppression import Answer, Candidate, Reason, count_reasons, decide, sift

NO = Answer(is_allowed=False, decided_on=date(2026, 11, 3), source="Unsubscribe link")
YES = Answer(is_allowed=True, decided_on=date(2026, 10, 1))

locals_ = st.text("abcdefghij.", min_size=1, max_size=6).filter(lambda s: s.strip("."))
emails = st.builds(lambda name, host: f"{name}@{host}.example", locals_, st.text("klmnop", min_size=1, max_size=4))
numbers = st.builds(lambda line: f"+1614555{line:04d}", st.integers(100, 199))


@st.composite
def respelled_email(draw: st.DrawFn, email: str) -> str:
    letters = [letter.upper() if draw(st.booleans()) else letter for letter in email]
    return draw(st.sampled_from(["", " ", "\t"])) + "".join(letters) + draw(st.sampled_from(["", " ", "\n"]))


@st.composite
def respelled_number(draw: st.DrawFn, number: str) -> str:
    area, start, end = number[2:5], number[5:8], number[8:]
    shape = draw(
        st.sampled_from(
            ["{n}", "({a}) {s}-{e}", "{a}-{s}-{e}", "{a}.{s}.{e}", "1 {a} {s} {e}", "+1 {a} {s}{e}", " {a}{s}{e} "]
        )
    )
    extension = draw(st.sampled_from(["", " x12", " ext. 7"]))
    return shape.format(n=number, a=area, s=start, e=end) + extension


@given(st.data())
def test_an_opted_out_email_never_comes_out_however_it_is_written(data: st.DataObject) -> None:
    holders = data.draw(st.lists(emails, min_size=1, max_size=12))
    refused = set(data.draw(st.lists(st.sampled_from(holders), unique=True)))
    rows = [
        (
            person,
            candidate_for(
                Channel.EMAIL, Addresses(email=data.draw(respelled_email(person))), name="x", is_at_do_not_visit=False
            ),
        )
        for person in holders
    ]
    out = [
        person for person, decision in sift(rows, {email_key(email): NO for email in refused}) if decision.is_exported
    ]
    assert not set(out) & refused
    assert sorted(out) == sorted(set(holders) - refused)  # and everybody else does, once per address


@given(st.data(), st.sampled_from([Channel.PHONE, Channel.TEXT, Channel.FAX]))
def test_an_opted_out_number_never_comes_out_however_it_is_written(data: st.DataObject, channel: Channel) -> None:
    holders = data.draw(st.lists(numbers, min_size=1, max_size=8))
    refused = set(data.draw(st.lists(st.sampled_from(holders), unique=True)))
    rows = []
    for person in holders:
        text = data.draw(respelled_number(person))
        addresses = Addresses(phone=text, mobile=text, fax=text)
        rows.append((person, candidate_for(channel, addresses, name="x", is_at_do_not_visit=False)))
    answers = {phone_key(data.draw(respelled_number(number))): NO for number in refused}
    out = {person for person, decision in sift(rows, answers) if decision.is_exported}
    assert out == set(holders) - refused


@given(numbers, st.sampled_from(["", ";ext=12"]))
def test_the_short_way_to_a_number_s_key_agrees_with_the_long_one(number: str, extension: str) -> None:
    assert number_key(number + extension) == phone_key(number + extension) == number


def letter(address1: str, address2: str = "", zip_code: str = "43085", name: str = "Marisol Trent") -> Candidate:
    addresses = Addresses(address1=address1, address2=address2, zip=zip_code, city="Worthington", state="OH")
    return candidate_for(Channel.MAIL, addresses, name=name, is_at_do_not_visit=False)


def test_a_postal_address_is_the_same_in_its_usual_spellings() -> None:
    one = letter("7420 Riverbend Parkway", "Suite 210", "43085-1234")
    assert decide(letter("7420 RIVERBEND PKWY.", "Ste 210"), {one.key: NO}, set()).reason is Reason.OPTED_OUT


def test_letters_to_two_people_at_one_place_are_two_letters_but_one_person_gets_one() -> None:
    rows = [
        ("a", letter("1 Elm St")),
        ("b", letter("1 Elm Street", name="Lena Roth")),
        ("c", letter("1 Elm St", name="marisol  trent")),
    ]
    assert [d.reason for _, d in sift(rows, {})] == [None, None, Reason.DUPLICATE]


@pytest.mark.parametrize(
    ("candidate", "only_allowed", "reason"),
    [
        (Candidate("", ""), False, Reason.NO_ADDRESS),
        (Candidate("  ", ""), False, Reason.NO_ADDRESS),
        (Candidate("not an address", ""), False, Reason.BAD_ADDRESS),
        (Candidate("no@x.example", "no@x.example"), False, Reason.OPTED_OUT),
        (Candidate("no@x.example", "no@x.example", is_at_do_not_visit=True), True, Reason.OPTED_OUT),
        (Candidate("new@x.example", "new@x.example", is_at_do_not_visit=True), False, Reason.DO_NOT_VISIT),
        (Candidate("new@x.example", "new@x.example"), True, Reason.NOT_ASKED),
        (Candidate("new@x.example", "new@x.example"), False, None),
        (Candidate("yes@x.example", "yes@x.example"), True, None),
        (Candidate("had@x.example", "had@x.example"), False, Reason.DUPLICATE),
    ],
)
def test_each_reason(candidate: Candidate, only_allowed: bool, reason: Reason | None) -> None:
    answers = {"no@x.example": NO, "yes@x.example": YES}
    decision = decide(candidate, answers, {("had@x.example", "")}, only_allowed=only_allowed)
    assert decision.reason is reason
    assert decision.answer == (NO if reason is Reason.OPTED_OUT else answers.get(candidate.key))


def test_an_address_held_back_at_one_practice_may_still_come_out_through_another_holder() -> None:
    rows = [
        ("closed", Candidate("a@x.example", "a@x.example", is_at_do_not_visit=True)),
        ("open", Candidate("a@x.example", "a@x.example")),
    ]
    assert [d.reason for _, d in sift(rows, {})] == [Reason.DO_NOT_VISIT, None]


def test_reasons_are_counted_and_everybody_is_accounted_for() -> None:
    rows = [(n, Candidate("a@x.example", "a@x.example")) for n in range(3)] + [(3, Candidate("", ""))]
    decisions = [d for _, d in sift(rows, {})]
    assert count_reasons(decisions) == {"no_address": 1, "duplicate": 2}
    assert sum(count_reasons(decisions).values()) + sum(d.is_exported for d in decisions) == len(rows)
    assert all(reason.label for reason in Reason)


def test_each_channel_uses_its_own_address() -> None:
    own = Addresses(
        "m@x.example",
        "+16145550142",
        "+16145550143",
        "",
        "+16145550100",
        "+16145550101",
        "1 Elm St",
        "",
        "Dublin",
        "OH",
        "43017",
    )
    assert [written_for(c, own) for c in (Channel.EMAIL, Channel.PHONE, Channel.TEXT, Channel.FAX)] == [
        "m@x.example", "+16145550142", "+16145550143", "+16145550101",
    ]  # fmt: skip
    assert written_for(Channel.MAIL, own) == "1 Elm St, Dublin, OH 43017"
    assert written_for(Channel.PHONE, Addresses(practice_phone="+16145550100")) == "+16145550100"
    assert written_for(Channel.TEXT, Addresses(phone="+16145550142", practice_phone="+16145550100")) == ""
    assert shown(Channel.FAX, "+16145550101") == "(614) 555-0101" == exported(Channel.FAX, "+16145550101")
    assert exported(Channel.EMAIL, " M@x.example ") == "M@x.example"
