"""The rivals of the import: the same rows as bare text, without a check, a key or a sum."""

import csv
import sqlite3
import time
from pathlib import Path

import psycopg

from tests.bench.events import HEAD
from tests.bench.organization import Organization

COLUMNS = ", ".join(f"c{n} TEXT" for n in range(len(HEAD)))


def seconds(made: Organization, path: Path) -> float:
    """Seconds of a bare executemany into a new SQLite file, or of a bare COPY into a new table beside the others."""
    return (_copy if made.kind == "postgresql" else _executemany)(made, path)


def _executemany(made: Organization, path: Path) -> float:
    beside = made.folder / "bare.sqlite3"
    connection = sqlite3.connect(beside)
    connection.execute(f"CREATE TABLE bare ({COLUMNS})")
    began = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file, connection:
        reader = csv.reader(file)
        next(reader)
        connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(HEAD))})", reader)
    took = time.perf_counter() - began
    connection.close()
    beside.unlink()
    return took


def _copy(made: Organization, path: Path) -> float:
    with psycopg.connect(made.url.replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE TABLE bare ({COLUMNS})".encode())
        connection.commit()
        began = time.perf_counter()
        with path.open("rb") as file, connection.cursor().copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            while data := file.read(1 << 16):
                copy.write(data)
        connection.commit()
        took = time.perf_counter() - began
        connection.execute("DROP TABLE bare")
        return took
