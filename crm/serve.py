"""`flask --app wsgi serve`: migrate, make the demo on the first run, then run the web server and the worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from config import Config, ConfigError
from crm.accounts import queries as accounts
from crm.core.db import db
from crm.demo import services as demo
from crm.jobs import worker

GRACE_SECONDS = 30
RESTART_SECONDS = 2


@click.command("serve")
@click.option(
    "--demo/--no-demo", "with_demo", default=True, help="Make the demo organization when there are no accounts."
)
@with_appcontext
def serve(*, with_demo: bool) -> None:
    """Serve Rounds with a production server and its worker."""
    config: Config = current_app.config["ROUNDS"]
    if current_app.debug:
        raise ConfigError("FLASK_DEBUG shows the inside of the product to its users; unset it to serve")
    _check_port(config.host, config.port)
    upgrade()
    if with_demo and config.is_sqlite and not accounts.count_users(db.session()):
        click.echo("First run: making the demo organization ...")
        demo.create_demo(db.session(), scale="small", data_dir=config.data_dir)
        db.session.commit()
    _say_how_to_sign_in(config)
    db.session.remove()
    db.engine.dispose()
    sys.exit(_run(_web(config), _worker()))


@click.command("work")
@with_appcontext
def work() -> None:
    """Run the worker alone (where the web server is run by something else)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 the worker outlives the context
    worker.work(app, app.extensions["job_handlers"])


def _check_port(host: str, port: int) -> None:
    """Refuse to start where something answers already: a second worker would take the first one's jobs over."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server does, after a restart
            probe.bind(address)
    except OSError as problem:
        says = f"{host}:{port} cannot be served ({problem.strerror or problem}). Choose another PORT or HOST."
        raise ConfigError(says) from None


def _say_how_to_sign_in(config: Config) -> None:
    shown = config.host if config.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 compared, not bound
    click.echo(f"\nRounds answers on http://{shown}:{config.port}")
    passwords = demo.password_file(config.data_dir)
    organization = accounts.find_organization(db.session())
    if organization and organization.is_demo and passwords.is_file():
        click.echo("Sign in as one of the demo people (passwords were made on this machine):\n")
        click.echo(passwords.read_text(encoding="utf-8"))
    elif not accounts.count_users(db.session()):
        click.echo("Nobody can sign in yet. Run: flask --app wsgi users create-admin")


def _web(config: Config) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "wsgi:app", "--worker-class", "gthread", "--workers", str(config.web_workers),
        "--threads", str(config.web_threads), "--bind", f"{config.host}:{config.port}", "--graceful-timeout", "30",
        "--timeout", "60", "--max-requests", "20000", "--max-requests-jitter", "2000", "--log-level", "warning",
        "--no-control-socket",
    ]  # fmt: skip


def _worker() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", "work"]


def _run(web: list[str], worker: list[str]) -> int:
    """Run both until the web server ends or we are told to stop; then end the other too. Returns the exit status.

    A worker that dies is started again: its jobs are in the database, and nobody should lose the web server with it.
    """
    serving, working = _start(web), _start(worker)
    is_stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    while not is_stopping and serving.poll() is None:
        time.sleep(0.2)
        if working.poll() is not None:
            click.echo("The worker ended. It is started again.", err=True)
            time.sleep(RESTART_SECONDS)  # a fault that stays must not keep the machine busy
            working = _start(worker)
    status = _end(serving, is_wanted=is_stopping)
    _end(working, is_wanted=True)
    return status


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=os.environ.copy())  # noqa: S603 our own commands


def _end(process: subprocess.Popen[bytes], *, is_wanted: bool) -> int:
    """End a process; returns 0 when that was wanted, else its exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    return 0 if is_wanted else process.returncode or 1
