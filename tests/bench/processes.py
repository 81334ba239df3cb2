"""The processes of a program: how much memory they took, and what a command printed in how long."""

import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.organization import ROOT

PROC = Path("/proc")
EVERY_SECONDS = 0.1
PEAK, SHARE = re.compile(r"VmHWM:\s+(\d+)"), re.compile(r"^Pss:\s+(\d+)", re.MULTILINE)


class Memory:
    """Watches a process and its descendants inside its block; megabytes. Only Linux tells them: elsewhere they stay 0.

    `part` picks those whose command line contains it. What processes share counts once in `together`.
    """

    def __init__(self, pid: int, part: str = "") -> None:
        self._pid, self._part = pid, part.encode()
        self._is_over, self._thread = threading.Event(), threading.Thread(target=self._watch)
        self.largest = self.together = 0.0

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def __str__(self) -> str:
        """`182 MB, together 240 MB`."""
        return f"{self.largest:,.0f} MB, together {self.together:,.0f} MB" if self.largest else "–"

    def _watch(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            pids = [pid for pid in family(self._pid) if self._part in _read(pid, "cmdline").encode()]
            self.largest = max([self.largest, *(_megabytes(PEAK, pid, "status") for pid in pids)])
            self.together = max(self.together, sum(_megabytes(SHARE, pid, "smaps_rollup") for pid in pids))


@dataclass(frozen=True)
class Run:
    """A command that ran to its end."""

    output: str
    seconds: float
    memory: Memory


def run_measured(command: list[str], env: dict[str, str]) -> Run:
    """Run a command to its end; one that fails ends the benchmark."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        with Memory(process.pid) as memory:
            output, complaints = process.communicate()
        seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command[3:])} ended with {process.returncode}\n{output}{complaints}")
    return Run(output, seconds, memory)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    members = [pid]
    for member in members:
        for path in PROC.glob(f"{member}/task/*/children"):
            try:
                members += map(int, path.read_text().split())
            except OSError:
                continue
    return members


def peak_megabytes(pid: int) -> float | None:
    """The peak memory of a process and its descendants together; only Linux tells."""
    return sum(_megabytes(PEAK, member, "status") for member in family(pid)) if PROC.is_dir() else None


def _megabytes(what: re.Pattern[str], pid: int, file: str) -> float:
    found = what.search(_read(pid, file))
    return int(found.group(1)) / 1024 if found else 0.0


def _read(pid: int, file: str) -> str:
    """A file about a process; empty when that has ended."""
    try:
        return (PROC / str(pid) / file).read_text()
    except OSError:
        return ""
