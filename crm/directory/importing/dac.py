"""Reads rows of the CMS Doctors & Clinicians file: one row per clinician, group and address, so NPIs repeat."""

from crm.directory.importing.cells import number_of, state_of, text_of, zip_of
from crm.directory.importing.headers import Layout
from crm.directory.importing.nppes import code_in, make_site, person_of
from crm.directory.importing.rows import EVERYTHING, NameRank, Reason, Record, RowFilter, Site, is_too_long
from crm.directory.importing.wording import organization_case
from crm.directory.npi import is_npi

SUFFIXES = {"JR", "SR", "II", "III", "IV"}


class DacReader:
    """Reads rows of one layout. A row must have an empty cell behind its last one: missing columns point there."""

    def __init__(self, layout: Layout, wanted: RowFilter = EVERYTHING) -> None:
        at, self.wanted = layout.at, wanted
        self.npi, self.name, self.specialty = at("npi"), at("name"), at("specialty")
        self.names = [at(name) for name in ("last_name", "first_name", "middle_name", "suffix", "credentials")]
        self.place = [at(name) for name in ("line1", "line2", "city")]
        self.state, self.zip, self.phone = at("state"), at("zip"), at("phone")
        self.organization, self.pac_id = at("organization"), at("pac_id")

    def read(self, cells: list[str]) -> Record | Reason | None:
        """What a row says, why it is refused, or None when it is not wanted."""
        words = code_in(cells[self.specialty])
        codes = (words,) if words else ()
        where = (state_of(cells[self.state]), zip_of(cells[self.zip]))
        if not self.wanted.takes(*where, codes):
            return None
        npi = number_of(cells[self.npi])
        if not is_npi(npi):
            return Reason.BAD_NPI if npi else Reason.NO_NPI
        person = person_of(self._names(cells), codes)
        if not person["last_name"]:
            return Reason.NO_NAME
        site = self._site(cells, person["taxonomy"], *where)
        record = Record(npi, person, site, *where, codes, phone=self._phone(cells))
        return Reason.TOO_LONG if is_too_long(record) else record

    def _names(self, cells: list[str]) -> list[str]:
        names = [text_of(cells[at]) for at in self.names]
        return names if names[0] else split_name(text_of(cells[self.name]))

    def _phone(self, cells: list[str]) -> str:
        return number_of(cells[self.phone])

    def _site(self, cells: list[str], code: str, state: str, zip_code: str) -> Site | None:
        line1, line2, city = (text_of(cells[at]) for at in self.place)
        site = make_site((line1, line2), city, state, zip_code, self._phone(cells), "", code)
        if not site.key:
            return None
        name, pac_id = organization_case(text_of(cells[self.organization])), number_of(cells[self.pac_id])
        if name:
            site.name, site.rank = name, NameRank.GROUP
            site.pac_id, site.group_name = pac_id, name if pac_id else ""
        return site


def split_name(name: str) -> list[str]:
    """`DAVID M GILMAN JR` -> last name, first name, middle names, suffix, no credentials."""
    words = name.replace(",", " ").split()
    suffix = words.pop() if len(words) > 1 and words[-1].rstrip(".").upper() in SUFFIXES else ""
    if not words:
        return ["", "", "", "", ""]
    first = words[0] if len(words) > 1 else ""
    return [words[-1], first, " ".join(words[1:-1]), suffix, ""]
