"""Password rules: length counts, bytes beyond 72 count, and nothing that everybody tries first."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.accounts.passwords import DECOY, check_password, hash_password, is_password, needs_rehash
from crm.accounts.services import first_password
from crm.core.errors import Invalid


@pytest.mark.parametrize(
    "password",
    ["short", "fourteen chars", "a" * 40, "passwordpassword", "qwertyqwerty123456", "abcdefghijklmnopqr", "x" * 300],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid):
        check_password(password)


@pytest.mark.parametrize(
    "password", ["fifteen letters", "kupfer lampe wiese", "ünïcödé wörds hélp", "p" * 7 + " two three four"]
)
def test_good_passwords_pass_without_composition_rules(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "1q2w3e4r5t6y7u8i9o0p", "testtesttesttest", "qazwsxedcrfvtgb", "thisisapassword", "abc123abc123abc123",
        "jordanjordanjordan", "q1w2e3r4t5y6u7i8", "aaaaabbbbbccccc", "1234qwerasdfzxcv", "zaq12wsxcde34rfv",
        "manchesterunited", "mypasswordis123", "1qaz2wsx3edc4rfv", "123123123123123", "trustno1trustno1",
        "correct horse battery staple", "iloveyousomuch1", "0987654321098765", "superman12345678", "passw0rdpassw0rd",
        "P@ssw0rdP@ssw0rd", "unbelievable1234", "a1b2c3d4e5f6g7h8", "!@#$%^&*()_+!@#", "147258369147258",
    ],
)  # fmt: skip
def test_what_stands_in_lists_of_leaked_passwords_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="first passwords that are tried"):
        check_password(password)


def test_passwords_made_by_chance_pass() -> None:
    for _ in range(200):
        check_password(first_password())


def test_a_huge_password_is_refused_fast() -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        check_password("x7!kQ" * 2000)
    assert not is_password("x7!kQ" * 2000, DECOY)
    assert time.perf_counter() - started < 0.05


@pytest.mark.parametrize("length", [64, 128, 256])
def test_long_passwords_work(length: int) -> None:
    password = ("ünïcödé wörds hélp " * 20)[:length]
    check_password(password)
    assert is_password(password, hash_password(password))


@pytest.mark.parametrize("about", ["Dana Whitfield", "whitfield@example.com", "Whitfield Group"])
def test_names_are_left_out(about: str) -> None:
    with pytest.raises(Invalid):
        check_password("my whitfield pass phrase", about=(about,))


def test_every_byte_counts() -> None:
    long = "0123456789abcdef" * 5
    hashed = hash_password(long + "x")
    assert is_password(long + "x", hashed)
    assert not is_password(long + "y", hashed)
    assert not is_password(" " + long + "x", hashed)


def test_an_unknown_account_never_matches() -> None:
    assert not is_password("anything at all here", None)
    assert not is_password("x" * 10_000, hash_password("fifteen letters"))


def test_hash_is_argon2id_of_the_recommended_cost() -> None:
    hashed = hash_password("fifteen letters")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not needs_rehash(hashed)
    assert needs_rehash("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$" + "A" * 43)


@settings(max_examples=10, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_what_was_set_is_what_opens(password: str) -> None:
    try:
        hashed = hash_password(password)
    except UnicodeEncodeError:
        return
    assert is_password(password, hashed)
