"""An upload is in no file before its patient columns are dropped: framework and web server spool nothing."""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask

from crm import serve
from crm.core.db import db
from crm.referrals.models import ReferralImport
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.corpus import measure
from tests.referrals.files import HEADER, csv_bytes, event

ROOT = Path(__file__).parents[2]
KEY = "a key for this test only, which is long enough"
BOUNDARY = "a-boundary-of-this-test"
CANARIES = ("Quillfeather", "773-44-1029")
# No process of the server may write a file as large as this; the upload is larger, and the database much smaller.
FILE_LIMIT = 8_000_000
KEEP_FILES_SMALL = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({FILE_LIMIT}, {FILE_LIMIT})); os.execv(sys.argv[1], sys.argv[1:])"
)
pytestmark = pytest.mark.real_commits


def extract(size: int) -> bytes:
    """A file of referrals of at least so many bytes, mostly of patients."""
    rows = [[*event(n), CANARIES[0] * 20, CANARIES[1]] for n in range(100)]
    piece = csv_bytes(rows, (*HEADER, "PT_NAME", "SSN")).split(b"\r\n", 1)
    return piece[0] + b"\r\n" + piece[1] * (size // len(piece[1]) + 1)


def multipart(token: str, data: bytes) -> bytes:
    """The body of the form, put together here: the client of the tests would use a temporary file itself."""
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    return (
        f'{part}"csrf_token"\r\n\r\n{token}\r\n{part}"month"\r\n\r\n\r\n'
        f'{part}"file"; filename="referrals.csv"\r\nContent-Type: text/csv\r\n\r\n'
    ).encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip


CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def test_an_upload_needs_no_temporary_file(
    sign_in: Callable[..., PageClient], cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = sign_in(cast.maren)
    body = multipart(client.csrf(), extract(3_000_000))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError), tempfile.TemporaryFile():
        pass  # so whatever wants one fails
    answer = client.raw.post("/referrals/imports/new", data=body, content_type=CONTENT_TYPE)
    assert answer.status_code == 302
    assert db.session.query(ReferralImport).one().read_rows >= 1_000
    assert_nothing_is_there(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on the size of files is kept on Linux only")
def test_the_real_server_writes_no_upload_to_a_file(
    app: Flask, sign_in: Callable[..., PageClient], cast: Cast, tmp_path: Path
) -> None:
    app.secret_key = KEY  # that of the server, so that a sign-in here is one there
    client = sign_in(cast.maren)
    body = multipart(client.csrf(), extract(FILE_LIMIT + 4_000_000))
    cookie = client.raw.get_cookie("rounds").value
    db.session.commit()
    with _server(app, tmp_path) as port, closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        headers = {"Cookie": f"rounds={cookie}", "Content-Type": CONTENT_TYPE}
        line.request("POST", "/referrals/imports/new", body, headers)
        answer = line.getresponse()
        page = answer.read().decode()
        assert answer.status == 302, re.sub(r"<[^>]+>", " ", page)[:2_000]
    db.session.rollback()
    assert db.session.query(ReferralImport).one().read_rows >= 4_000
    assert_nothing_is_there(tmp_path)


def test_a_crash_leaves_no_image_of_the_memory(tmp_path: Path) -> None:
    code = "import resource; before = resource.getrlimit(resource.RLIMIT_CORE)[1]; import wsgi; "
    code += "print(before, 'then', resource.getrlimit(resource.RLIMIT_CORE))"
    env = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip().endswith("then (0, 0)")


def assert_nothing_is_there(folder: Path) -> None:
    """No canary in the database, its files, or anything in a folder."""
    text = measure.whole_database(db.session())
    db.session.rollback()
    assert "Olentangy" in text
    folders = [folder]
    if db.engine.dialect.name == "sqlite":
        folders.append(Path(str(db.engine.url.database)).parent)
    content = b"".join(path.read_bytes() for place in folders for path in place.rglob("*") if path.is_file())
    for canary in CANARIES:
        assert canary not in text
        assert canary.encode() not in content


@contextmanager
def _server(app: Flask, folder: Path) -> Iterator[int]:
    """The web server as `serve` starts it, where no file may grow large."""
    config = app.config["ROUNDS"]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [f"127.0.0.1:{port}" if part == f"{config.host}:{config.port}" else part for part in serve._web(config)]
    spool = folder / "spool"
    spool.mkdir()
    env = {
        **os.environ, "DATABASE_URL": db.engine.url.render_as_string(hide_password=False), "DATA_DIR": str(folder),
        "SECRET_KEY": KEY, "TMPDIR": str(spool), "WEB_WORKERS": "1",
    }  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        limited = [sys.executable, "-c", KEEP_FILES_SMALL, *command]
        process = subprocess.Popen(limited, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        _wait_until_it_answers(port, process, folder / "server.log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert list(spool.iterdir()) == []


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
                line.request("GET", "/sign-in")
                line.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')}")
