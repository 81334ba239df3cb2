"""Which CMS file a header belongs to, and where its columns stand, in every generation of header that is known.

NPPES: the 330 columns of the monthly file and every excerpt with its names. Doctors & Clinicians: the names of 2017
(Physician Compare), of 2022 (`lst_nm`) and of today. Everything else is told what it is, as far as that can be said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.core.errors import Invalid
from crm.directory.importing.rows import FileKind
from crm.directory.npi import is_npi

TAXONOMIES = 15
MISSING = -1
MARKS = re.compile(r"[^0-9a-z]+")
PLACE = "Provider Business Practice Location Address"

_NPPES: dict[str, tuple[str, ...]] = {
    "npi": ("NPI",),
    "entity": ("Entity Type Code",),
    "organization": ("Provider Organization Name (Legal Business Name)",),
    "other_name": ("Provider Other Organization Name",),
    "other_name_type": ("Provider Other Organization Name Type Code",),
    "last_name": ("Provider Last Name (Legal Name)",),
    "first_name": ("Provider First Name",),
    "middle_name": ("Provider Middle Name",),
    "suffix": ("Provider Name Suffix Text",),
    "credentials": ("Provider Credential Text",),
    "line1": ("Provider First Line Business Practice Location Address", "Full Street Address"),
    "line2": ("Provider Second Line Business Practice Location Address",),
    "city": (f"{PLACE} City Name", "City"),
    "state": (f"{PLACE} State Name", "State"),
    "zip": (f"{PLACE} Postal Code", "Postal Code", "ZIP Code"),
    "country": (f"{PLACE} Country Code (If outside U.S.)",),
    "phone": (f"{PLACE} Telephone Number",),
    "fax": (f"{PLACE} Fax Number",),
    "deactivated": ("NPI Deactivation Date",),
    "reactivated": ("NPI Reactivation Date",),
} | {
    f"{name}{n}": (f"Healthcare Provider {words}_{n}",)
    for n in range(1, TAXONOMIES + 1)
    for name, words in (("code", "Taxonomy Code"), ("switch", "Primary Taxonomy Switch"))
}
_DAC: dict[str, tuple[str, ...]] = {
    "npi": ("NPI",),
    "last_name": ("Provider Last Name", "lst_nm", "Last Name"),
    "first_name": ("Provider First Name", "frst_nm", "First Name"),
    "middle_name": ("Provider Middle Name", "mid_nm", "Middle Name"),
    "name": ("Provider Name",),
    "suffix": ("suff", "Suffix"),
    "credentials": ("Cred", "Credential"),
    "specialty": ("pri_spec", "Primary specialty"),
    "organization": ("Facility Name", "org_nm", "Organization legal name"),
    "pac_id": ("org_pac_id", "Group Practice PAC ID"),
    "line1": ("adr_ln_1", "Line 1 Street Address", "Full Street Address", "Address"),
    "line2": ("adr_ln_2", "Line 2 Street Address"),
    "city": ("City/Town", "cty", "City", "citytown"),
    "state": ("State", "st"),
    "zip": ("ZIP Code", "zip"),
    "phone": ("Telephone Number", "phn_numbr", "Phone Number"),
}
_COLUMNS = {FileKind.NPPES: _NPPES, FileKind.DAC: _DAC}
# What gives each kind away, and what it cannot do without.
_NAMES_OF_NPPES = ("Provider Last Name (Legal Name)", "Provider Organization Name (Legal Business Name)")
_NAMES_OF_DAC = ("last_name", "name")
# Files that come from the same places and are often taken for these.
_RELATIVES = {
    "Endpoint Type": "This is the file of endpoints of NPPES (endpoint_pfile). Use the npidata_pfile.",
    "Provider Secondary Practice Location Address- Address Line 1": (
        "This is the file of further locations of NPPES (pl_pfile). Use the file that begins with npidata_pfile."
    ),
    "Provider Other Organization Name Type Code": (
        "This is the file of other names of NPPES (othername_pfile). Use the file that begins with npidata_pfile."
    ),
    "basic.last_name": (
        "These are answers of the NPPES web service, not the NPPES download file. "
        "Use the file that begins with npidata_pfile."
    ),
    "Rndrng_NPI": "This is a Medicare file of services by provider, not the Doctors & Clinicians file.",
    "PARTB": "This is the Order and Referring file of CMS, not the Doctors & Clinicians file.",
}


@dataclass(frozen=True)
class Layout:
    """A file's kind and where its columns stand."""

    kind: FileKind
    width: int
    columns: Mapping[str, int]

    def at(self, name: str) -> int:
        """Where a column stands. A missing one stands behind the row, where readers put an empty cell."""
        return self.columns.get(name, MISSING)

    def has(self, name: str) -> bool:
        """Whether the file has a column."""
        return name in self.columns


def recognize(header: Sequence[str], wanted: FileKind | None = None) -> Layout:
    """The layout of a file with this header; Invalid says what it is instead."""
    names = [plain(cell) for cell in header]
    kind = _kind_of(names)
    if kind is None or (wanted is not None and kind is not wanted):
        raise Invalid(_what_instead(header, names, kind, wanted))
    places: dict[str, int] = {}
    for column, spellings in _COLUMNS[kind].items():
        found = next((names.index(plain(name)) for name in spellings if plain(name) in names), MISSING)
        if found != MISSING:
            places[column] = found
    return Layout(kind, len(header), places)


def plain(name: str) -> str:
    """A heading without blanks, case and signs; `Million Hearts®` and a byte-order mark do no harm."""
    return MARKS.sub("", name.lower())


def _kind_of(names: list[str]) -> FileKind | None:
    if "npi" not in names:
        return None
    if any(plain(name) in names for name in _NAMES_OF_NPPES):
        return FileKind.NPPES
    has = {column for column, spellings in _DAC.items() if any(plain(name) in names for name in spellings)}
    is_dac = has & set(_NAMES_OF_DAC) and "specialty" in has and has & {"zip", "city"}
    return FileKind.DAC if is_dac else None


def _what_instead(header: Sequence[str], names: list[str], kind: FileKind | None, wanted: FileKind | None) -> str:
    if kind is not None:
        return f"This is not {_named(wanted)}: its columns are those of {_named(kind)}."
    if any(is_npi(cell.strip()) for cell in header):
        return "The file has no header: its first line holds data. Download it again, or add the names of the columns."
    for name, says in _RELATIVES.items():
        if plain(name) in names:
            return says
    missing = "NPI" if "npi" not in names else "Provider Last Name (Legal Name)" if wanted is FileKind.NPPES else ""
    detail = f"it has no column {missing}" if missing else "it lacks the columns for name, specialty and address"
    return f"This is not {_named(wanted)}: {detail}."


def _named(kind: FileKind | None) -> str:
    if kind is None:
        return "an NPPES or Doctors & Clinicians file"
    return "an NPPES file" if kind is FileKind.NPPES else "a Doctors & Clinicians file"
