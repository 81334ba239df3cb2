"""Reads rows of the NPPES download file (NPI registry): one row per provider or organization."""

from datetime import date
from functools import lru_cache

from crm.directory import taxonomy
from crm.directory.importing.addresses import is_post_box, place_key, street_lines
from crm.directory.importing.cells import day_of, number_of, state_of, text_of, zip_of
from crm.directory.importing.credentials import clean_credentials
from crm.directory.importing.headers import MISSING, TAXONOMIES, Layout
from crm.directory.importing.rows import EVERYTHING, NameRank, Reason, Record, RowFilter, Site, is_too_long
from crm.directory.importing.wording import address_case, organization_case, person_case, sentence_case, suffix_case
from crm.directory.npi import is_npi

PERSON, ORGANIZATION = "1", "2"
TRADE_NAME = "3"  # "doing business as": the name on the door
HOME_COUNTRIES = {"", "US", "USA", "PR", "GU", "VI", "AS", "MP"}


class NppesReader:
    """Reads rows of one layout. A row must have an empty cell behind its last one: missing columns point there."""

    def __init__(self, layout: Layout, wanted: RowFilter = EVERYTHING) -> None:
        at, self.wanted = layout.at, wanted
        self.at = {name: at(name) for name in ("npi", "entity", "deactivated", "reactivated")}
        self.names = [at(name) for name in ("last_name", "first_name", "middle_name", "suffix", "credentials")]
        self.organization = [at(name) for name in ("organization", "other_name", "other_name_type")]
        self.place = [at(name) for name in ("line1", "line2", "city", "state", "zip", "country")]
        self.numbers = [at("phone"), at("fax")]
        codes = [(at(f"code{n}"), at(f"switch{n}")) for n in range(1, TAXONOMIES + 1)]
        self.codes = [pair for pair in codes if pair[0] != MISSING]

    def read(self, cells: list[str]) -> Record | Reason | None:
        """What a row says, why it is refused, or None when it is not wanted."""
        ended_on = self._ended_on(cells)
        where = (state_of(cells[self.place[3]]), zip_of(cells[self.place[4]]))
        codes = self._codes(cells)
        if ended_on is None and not self.wanted.takes(*where, codes):
            return None
        npi = number_of(cells[self.at["npi"]])
        if not is_npi(npi):
            return Reason.BAD_NPI if npi else Reason.NO_NPI
        if ended_on is not None:
            return Record(npi, None, None, ended_on=ended_on)
        read = self._person if self._is_person(cells) else self._organization
        record = read(npi, cells, codes, *where)
        return Reason.TOO_LONG if isinstance(record, Record) and is_too_long(record) else record

    def _ended_on(self, cells: list[str]) -> date | None:
        ended = cells[self.at["deactivated"]]
        ended_on = day_of(ended) if ended else None
        if ended_on is None:
            return None
        back_on = day_of(cells[self.at["reactivated"]])
        return None if back_on is not None and back_on >= ended_on else ended_on

    def _is_person(self, cells: list[str]) -> bool:
        entity = number_of(cells[self.at["entity"]])
        if entity in (PERSON, ORGANIZATION):
            return entity == PERSON
        return bool(text_of(cells[self.names[0]]))

    def _codes(self, cells: list[str]) -> tuple[str, ...]:
        """The taxonomy codes, the primary one first: that whose switch is Y, not always the first of the file."""
        found: list[str] = []
        for code_at, switch_at in self.codes:
            cell = cells[code_at]
            if not cell or not (code := code_in(cell)):
                continue
            if cells[switch_at] == "Y":
                found.insert(0, code)
            else:
                found.append(code)
        return tuple(found)

    def _person(self, npi: str, cells: list[str], codes: tuple[str, ...], state: str, zip_code: str) -> Record | Reason:
        person = person_of([text_of(cells[at]) for at in self.names], codes)
        if not person["last_name"]:
            return Reason.NO_NAME
        site = self._site(cells, person["taxonomy"], state, zip_code)
        site = site if site is not None and site.key else None
        return Record(npi, person, site, state, zip_code, codes, phone=number_of(cells[self.numbers[0]]))

    def _organization(
        self, npi: str, cells: list[str], codes: tuple[str, ...], state: str, zip_code: str
    ) -> Record | Reason:
        legal, other, other_type = (text_of(cells[at]) for at in self.organization)
        name = other if other and number_of(other_type) == TRADE_NAME else legal
        if not name:
            return Reason.NO_NAME
        code, _ = specialty_of(codes)
        site = self._site(cells, code, state, zip_code) or Site("", "", "", "", "", "")
        site.name, site.rank = organization_case(name), NameRank.OWN
        return Record(npi, None, site, state, zip_code, codes)

    def _site(self, cells: list[str], code: str, state: str, zip_code: str) -> Site | None:
        """Where it is, as far as the file says; None outside the United States."""
        line1, line2, city, _, _, country = self.place
        if text_of(cells[country]).upper() not in HOME_COUNTRIES:
            return None
        lines = (text_of(cells[line1]), text_of(cells[line2]))
        phone, fax = (number_of(cells[at]) for at in self.numbers)
        return make_site(lines, text_of(cells[city]), state, zip_code, phone, fax, code)


def make_site(lines: tuple[str, str], city: str, state: str, zip_code: str, phone: str, fax: str, code: str) -> Site:
    """A place in readable case, with the key by which it is found again."""
    line1, line2 = street_lines(*lines)
    key = "" if not zip_code or is_post_box(line1, line2) else place_key(line1, line2, zip_code)
    return Site(
        key, address_case(line1), address_case(line2), person_case(city), state, zip_code, phone, fax,
        kind=taxonomy.kind_of(code), code=code,
    )  # fmt: skip


@lru_cache(maxsize=1 << 12)
def code_in(cell: str) -> str:
    """The code in a cell; excerpts have the words of a specialty there, kept when no code is known for them."""
    text = text_of(cell)
    return text if taxonomy.is_code(text) else taxonomy.code_of(text) or text


def person_of(names: list[str], codes: tuple[str, ...]) -> dict[str, str]:
    """The columns of a provider out of last, first and middle name, suffix, credentials, and taxonomy codes."""
    last, first, middle, suffix, credentials = names
    code, specialty = specialty_of(codes)
    return {
        "last_name": person_case(last), "first_name": person_case(first), "middle_name": person_case(middle),
        "suffix": suffix_case(suffix), "credentials": clean_credentials(credentials),
        "taxonomy": code, "specialty": specialty,
    }  # fmt: skip


def specialty_of(codes: tuple[str, ...]) -> tuple[str, str]:
    """The primary code and its specialty in words; no code where the file has only words that are not known."""
    if not codes:
        return "", ""
    first = codes[0]
    return (first, taxonomy.specialty_of(first)) if taxonomy.is_code(first) else ("", sentence_case(first))
