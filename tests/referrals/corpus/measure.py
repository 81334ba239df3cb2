"""What is kept of a file of the corpus when it is taken in: all of it as text, and what of it should not be there."""

import gzip
import json
import unicodedata

from sqlalchemy import MetaData
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core.errors import RoundsError
from crm.referrals import import_services
from crm.referrals.importing.upload import unpack
from crm.referrals.models import ImportUpload, ReferralImport
from tests.referrals.corpus.clean import Clean
from tests.referrals.corpus.hostile import Hostile

HIDDEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\u00ad\u200e\u200f\u202a\u202c\ufeff"))


def plain(text: str) -> str:
    """A text as a person reads it: no tricks with signs that look alike or cannot be seen."""
    folded = unicodedata.normalize("NFKC", text).translate(HIDDEN)
    folded = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in folded)
    for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212":
        folded = folded.replace(dash, "-")
    return " ".join(folded.split()).casefold()


def take_in(session: Session, name: str, data: bytes) -> ReferralImport | str:
    """The import that a file becomes, or the sentence by which it is refused whole."""
    try:
        return import_services.take_in_file(session, SYSTEM, name, data)
    except RoundsError as problem:
        session.rollback()
        return problem.says


def kept_of(session: Session, taken: ReferralImport | str) -> str:
    """Everything that is stored of a file, or said of it."""
    if isinstance(taken, str):
        return taken
    upload = session.get_one(ImportUpload, taken.id)
    about = [taken.file_name, taken.sheet, json.dumps(taken.mapping, ensure_ascii=False), taken.says]
    return "\n".join([*about, gzip.decompress(upload.rows).decode(errors="replace")])


def found_in(text: str, file: Hostile) -> list[str]:
    """The canaries of a file that stand in a text, as they are or in disguise."""
    folded = plain(text)
    return [canary for canary in file.canaries if canary in text or plain(canary) in folded]


def still_there(taken: ReferralImport | str, file: Hostile) -> list[str]:
    """The columns of a file that should be gone and are not."""
    if isinstance(taken, str):
        return []
    kept = {plain(column["header"]) for column in taken.mapping["columns"]}
    return [header for header in file.gone if plain(header) in kept]


def whole_database(session: Session) -> str:
    """Every value of every table; packed rows unpacked."""
    metadata = MetaData()
    metadata.reflect(session.connection())
    found: list[str] = []
    for table in metadata.sorted_tables:
        for row in session.execute(table.select()):
            found += [_unpacked(value) for value in row]
    return "\n".join(found)


def _unpacked(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        data = bytes(value)
        return gzip.decompress(data).decode(errors="replace") if data[:2] == b"\x1f\x8b" else data.decode("latin-1")
    return json.dumps(value, ensure_ascii=False, default=str)


def wrongly_gone(taken: ReferralImport | str, file: Clean) -> list[str]:
    """What is missing of a clean file: its columns, or all of it. A list of practices is sent to the Directory."""
    if isinstance(taken, str):
        is_sent_on = not file.kept and "Directory" in taken
        return [] if is_sent_on or "market data" in taken else [taken]
    kept = {column["header"] for column in taken.mapping["columns"]}
    refused = [note["header"] for note in taken.mapping["dropped"] if note["is_refused"]]
    return [header for header in file.kept if header not in kept] + [f"refused: {header}" for header in refused]


def refused_lines(session: Session, taken: ReferralImport | str) -> list[str]:
    """Why lines were kept without their cells."""
    if isinstance(taken, str):
        return []
    upload = session.get_one(ImportUpload, taken.id)
    return [reason for _, reason in unpack(upload.rows) if isinstance(reason, str)]
