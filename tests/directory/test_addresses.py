"""Tests of phone numbers and of the keys that answers about contacting hang on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.addresses import email_key, key_for, phone_key, postal_key
from crm.directory.models import Channel
from crm.directory.phones import MAX_LENGTH, e164, without_extension


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(614) 555-0142", "+16145550142"),
        ("614.555.0142 ext 12", "+16145550142;ext=12"),
        ("1-614-555-0142", "+16145550142"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+16145550142;ext=12", "+16145550142;ext=12"),
    ],
)
def test_e164(text: str, number: str) -> None:
    assert e164(text) == number


@pytest.mark.parametrize("text", [None, "", "555-0142", "911", "call me", "0" * 400, "614-055-0142", "\x00", "+1"])
def test_e164_of_what_is_no_number(text: str | None) -> None:
    assert e164(text) is None


@given(st.text(max_size=60))
def test_e164_never_fails_and_is_stable(text: str) -> None:
    number = e164(text)
    assert number is None or (len(number) <= MAX_LENGTH and e164(number) == number)


def test_phone_key_leaves_the_extension_out() -> None:
    assert phone_key("614 555 0142 x7") == phone_key("+16145550142") == "+16145550142"
    assert without_extension("+16145550142;ext=7") == "+16145550142"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" Marisol@Olentangy.Example ", "marisol@olentangy.example"),
        ("ｍarisol@olentangy.example", "marisol@olentangy.example"),
        ("no address", ""), ("@x.example", ""), ("a b@x.example", ""), ("x@", ""), (None, ""), ("a@" + "b" * 300, ""),
    ],
)  # fmt: skip
def test_email_key(text: str | None, key: str) -> None:
    assert email_key(text) == key


def test_postal_key_is_the_same_for_the_same_place() -> None:
    long = postal_key("7420 Riverbend Parkway", "43085-1234", "Suite 210")
    assert long == postal_key("7420 RIVERBEND PKWY.", "43085", "STE 210") == "43085 7420 riverbend pkwy ste 210"
    assert long != postal_key("7420 Riverbend Parkway", "43085", "Suite 300")
    assert postal_key("", "43085") == postal_key("7420 Riverbend Parkway", "") == ""


@given(st.sampled_from(list(Channel)), st.text(max_size=80))
def test_a_key_is_its_own_key(channel: Channel, text: str) -> None:
    key = key_for(channel, text)
    assert key_for(channel, key) == key
    assert len(key) <= 200
