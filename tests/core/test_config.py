"""Settings: what is weak or wrong stops the start with one line that names the setting and quotes no secret."""

import stat
from pathlib import Path

import pytest

from config import Config, ConfigError
from crm.app import create_app

GOOD_KEY = "Zq8-4vN_wT2yLh7RkC5mXb9Pd3Fs6Jg1Ua0Ee"


def read(tmp_path: Path, **env: str) -> Config:
    return Config.from_env({"DATA_DIR": str(tmp_path / "data"), **env})


@pytest.mark.parametrize("key", ["", "short", "changeme", "k" * 48, "abcabcabc" * 6, "dev"])
def test_a_weak_key_stops_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY") as caught:
        read(tmp_path, SECRET_KEY=key, DATABASE_URL="postgresql://rounds@db/rounds")
    assert not key or key not in str(caught.value) or key == "dev"


def test_postgresql_needs_a_key_and_a_laptop_makes_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY must be set"):
        read(tmp_path, DATABASE_URL="postgresql://rounds@db/rounds")
    first, again = read(tmp_path), read(tmp_path)
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) >= 48
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_what_lies_beside_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    read(tmp_path)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://rounds@db/rounds"), ("PORT", "0"), ("PORT", "many"), ("PROXY_HOPS", "9"),
        ("SECURE_COOKIES", "maybe"), ("IDLE_MINUTES", "600"), ("SESSION_HOURS", "48"), ("LOG_LEVEL", "chatty"),
        ("MAP_TILES_URL", "http://tiles.example/{z}/{x}/{y}.png"), ("MAX_UPLOAD_MB", "99999"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read(tmp_path, **{"SECRET_KEY": GOOD_KEY, name: value})


def test_old_keys_are_taken_until_they_are_removed(tmp_path: Path) -> None:
    config = read(tmp_path, SECRET_KEY=GOOD_KEY, SECRET_KEY_FALLBACKS="old-one,older-one")
    assert config.flask_settings()["SECRET_KEY_FALLBACKS"] == ["old-one", "older-one"]


def test_a_data_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file stands here")
    for env in ({}, {"SECRET_KEY": GOOD_KEY}):
        with pytest.raises(ConfigError, match="DATA_DIR cannot be used"):
            create_app(read(tmp_path, **env))
