"""All settings of Rounds, read from the environment once; a bad or missing value stops the start."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent
WEAK_SECRETS = {"changeme", "secret", "dev", "development", "secret-key", "your-secret-key"}
MIN_SECRET_LENGTH = 32


class ConfigError(SystemExit):
    """A setting that cannot be used. As a SystemExit it ends the start with one line and no traceback."""

    def __init__(self, says: str) -> None:
        super().__init__(f"Rounds cannot start: {says}")


@dataclass(frozen=True)
class Config:
    """Every setting, checked. `docs/DEPLOY.md` describes each one for the person who sets it."""

    database_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...] = ()
    data_dir: Path = ROOT / "instance"
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    proxy_hops: int = 0
    secure_cookies: bool = False
    web_workers: int = 2
    web_threads: int = 4
    idle_minutes: int = 15
    session_hours: int = 12
    max_upload_mb: int = 64
    map_tiles_url: str = ""
    map_tiles_attribution: str = ""
    log_level: str = "INFO"
    testing: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Config":
        """Read and check the environment. Raises ConfigError, which names the setting."""
        data_dir = Path(env.get("DATA_DIR") or ROOT / "instance").expanduser().resolve()
        database_url = _database_url(env.get("DATABASE_URL", ""), data_dir)
        host = env.get("HOST") or "127.0.0.1"
        hosts = [h.strip() for h in env.get("TRUSTED_HOSTS", "").split(",") if h.strip()]
        return cls(
            database_url=database_url,
            secret_key=_secret_key(env, database_url, data_dir),
            secret_key_fallbacks=tuple(k for k in env.get("SECRET_KEY_FALLBACKS", "").split(",") if k),
            data_dir=data_dir,
            host=host,
            port=_whole(env, "PORT", 8000, 1, 65535),
            trusted_hosts=tuple(dict.fromkeys([*hosts, "127.0.0.1", "localhost", "[::1]"])),
            proxy_hops=_whole(env, "PROXY_HOPS", 0, 0, 5),
            secure_cookies=_yes(env, "SECURE_COOKIES", default=False),
            web_workers=_whole(env, "WEB_WORKERS", 2, 1, 64),
            web_threads=_whole(env, "WEB_THREADS", 4, 1, 64),
            idle_minutes=_whole(env, "IDLE_MINUTES", 15, 5, 60),
            session_hours=_whole(env, "SESSION_HOURS", 12, 1, 24),
            max_upload_mb=_whole(env, "MAX_UPLOAD_MB", 64, 1, 1024),
            map_tiles_url=_tiles_url(env.get("MAP_TILES_URL", "")),
            map_tiles_attribution=env.get("MAP_TILES_ATTRIBUTION", ""),
            log_level=_one_of(env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        )

    @classmethod
    def for_tests(cls, database_url: str, data_dir: Path, **settings: object) -> "Config":
        """The settings that tests run with: a given database and a key of their own."""
        chosen: dict[str, object] = {"trusted_hosts": ("127.0.0.1", "localhost"), "testing": True, **settings}
        return cls(database_url=database_url, secret_key="k" * 48, data_dir=data_dir, **chosen)  # type: ignore[arg-type]

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the SQLite file inside the product."""
        return self.database_url.startswith("sqlite")

    def flask_settings(self) -> dict[str, object]:
        """The same settings under the names that Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "TRUSTED_HOSTS": list(self.trusted_hosts),
            "SESSION_COOKIE_NAME": "__Host-rounds" if self.secure_cookies else "rounds",
            "SESSION_COOKIE_SECURE": self.secure_cookies,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "MAX_CONTENT_LENGTH": 1_000_000,
            "MAX_FORM_MEMORY_SIZE": 500_000,
            "MAX_FORM_PARTS": 1000,
            # The token lives as long as the sign-in session, so a form that was open over lunch still saves.
            "WTF_CSRF_TIME_LIMIT": None,
            "TESTING": self.testing,
            "ROUNDS": self,
            **self.extra,
        }


def _database_url(url: str, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'rounds.sqlite3'}"
    scheme = urlsplit(url).scheme
    if scheme in ("postgres", "postgresql"):
        return "postgresql+psycopg" + url[len(scheme) :]
    if scheme in ("sqlite", "postgresql+psycopg"):
        return url
    raise ConfigError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {scheme or 'nothing'}://")


def _secret_key(env: Mapping[str, str], database_url: str, data_dir: Path) -> str:
    key = env.get("SECRET_KEY")
    if key is None and database_url.startswith("sqlite"):
        return _own_secret_key(data_dir / "secret_key")
    if not key:
        raise ConfigError("SECRET_KEY must be set when PostgreSQL is used (48 random characters or more)")
    if len(key) < MIN_SECRET_LENGTH or key.lower() in WEAK_SECRETS or len(set(key)) < 8:  # noqa: PLR2004 see docs
        raise ConfigError(f"SECRET_KEY is too weak: use at least {MIN_SECRET_LENGTH} random characters")
    return key


def _own_secret_key(path: Path) -> str:
    """On a laptop the key is made once and stays beside the database, readable by its owner only."""
    make_directory(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key


def make_directory(path: Path) -> None:
    """Make the directory of the data, for its owner only."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError(f"DATA_DIR cannot be used: {path} ({problem.strerror})") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"DATA_DIR cannot be used: {path} (nothing can be written there)")


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _yes(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = (env.get(name) or ("yes" if default else "no")).lower()
    if text not in ("1", "yes", "true", "on", "0", "no", "false", "off"):
        raise ConfigError(f"{name} must be yes or no, not {text!r}")
    return text in ("1", "yes", "true", "on")


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = (env.get(name) or default).upper()
    if text not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {text!r}")
    return text


def _tiles_url(url: str) -> str:
    if url and (urlsplit(url).scheme != "https" or not all(part in url for part in ("{z}", "{x}", "{y}"))):
        raise ConfigError("MAP_TILES_URL must be an https address with {z}, {x} and {y} in it")
    return url
