"""`serve` keeps the web server and the worker running: one that dies does not take the other with it unasked."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = "import sys; from crm import serve; serve.RESTART_SECONDS = 0.1; sys.exit(serve._run(*eval(sys.argv[1])))"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def started(web: str, worker: str) -> subprocess.Popen[str]:
    commands = repr((python(web), python(worker)))
    return subprocess.Popen([*python(RUN), commands], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_a_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    worker = f"open({str(file)!r}, 'a').write('x'); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    process = started("import time; time.sleep(60)", worker)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not file.is_file() or file.stat().st_size < 3):
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, says = process.communicate(timeout=30)
    assert process.returncode == 0
    assert file.stat().st_size >= 3
    assert "The worker ended. It is started again." in says


def test_a_web_server_that_dies_ends_both_with_its_status(tmp_path: Path) -> None:
    file = tmp_path / "ended"
    worker = (
        "import signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (open({str(file)!r}, 'w').close(), sys.exit(0)))\n"
        "time.sleep(60)"
    )
    process = started("import sys, time; time.sleep(2); sys.exit(7)", worker)
    process.communicate(timeout=60)
    assert process.returncode == 7
    assert file.is_file()


def test_a_port_that_is_taken_stops_the_start_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": "", "PORT": port, "HOST": "127.0.0.1"}
        line = [sys.executable, "-m", "flask", "--app", "wsgi", "serve"]
        done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Rounds cannot start: 127.0.0.1:{port} cannot be served")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
