"""Password rules: length counts, bytes beyond 72 count, and nothing that everybody tries first."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.accounts.passwords import check_password, hash_password, is_password, needs_rehash
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
