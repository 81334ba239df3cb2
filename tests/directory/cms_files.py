"""Writes files as CMS publishes them and as people pass them on, in every generation of header; all names invented."""

import csv
import gzip
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crm.directory.importing.headers import TAXONOMIES
from crm.directory.npi import ISSUER

Row = Mapping[str, str]
PLACE = "Provider Business Practice Location Address"
MAIL = "Provider Business Mailing Address"

_PERSON = [
    "Provider Last Name (Legal Name)", "Provider First Name", "Provider Middle Name", "Provider Name Prefix Text",
    "Provider Name Suffix Text", "Provider Credential Text",
]  # fmt: skip
_OTHER_PERSON = [
    "Provider Other Last Name", "Provider Other First Name", "Provider Other Middle Name",
    "Provider Other Name Prefix Text", "Provider Other Name Suffix Text", "Provider Other Credential Text",
]  # fmt: skip


def _address(place: str, line: str) -> list[str]:
    return [
        f"Provider First Line {line}", f"Provider Second Line {line}", f"{place} City Name", f"{place} State Name",
        f"{place} Postal Code", f"{place} Country Code (If outside U.S.)", f"{place} Telephone Number",
        f"{place} Fax Number",
    ]  # fmt: skip


NPPES_41 = [
    "NPI", "Entity Type Code", "Replacement NPI", "Employer Identification Number (EIN)",
    "Provider Organization Name (Legal Business Name)", *_PERSON, "Provider Other Organization Name",
    "Provider Other Organization Name Type Code", *_OTHER_PERSON, "Provider Other Last Name Type Code",
    *_address(MAIL, "Business Mailing Address"), *_address(PLACE, "Business Practice Location Address"),
    "Provider Enumeration Date", "Last Update Date", "NPI Deactivation Reason Code", "NPI Deactivation Date",
    "NPI Reactivation Date",
]  # fmt: skip
_OFFICIAL = ["Last Name", "First Name", "Middle Name", "Title or Position", "Telephone Number"]
_TAXONOMY = ("Healthcare Provider Taxonomy Code", "Provider License Number", "Provider License Number State Code")
NPPES_330 = [
    *NPPES_41, "Provider Sex Code", *(f"Authorized Official {name}" for name in _OFFICIAL),
    *(f"{name}_{n}" for n in range(1, 16) for name in (*_TAXONOMY, "Healthcare Provider Primary Taxonomy Switch")),
    *(f"Other Provider Identifier{name}_{n}" for n in range(1, 51) for name in ("", " Type Code", " State", " Issuer")),
    "Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN",
    "Authorized Official Name Prefix Text", "Authorized Official Name Suffix Text",
    "Authorized Official Credential Text",
    *(f"Healthcare Provider Taxonomy Group_{n}" for n in range(1, TAXONOMIES + 1)), "Certification Date",
]  # fmt: skip
NPPES_21 = [
    "NPI", *_PERSON, *_OTHER_PERSON, f"{PLACE} City Name", f"{PLACE} State Name", f"{PLACE} Postal Code",
    f"{PLACE} Country Code (If outside U.S.)", "Last Update Date", "Provider Sex Code",
    "Healthcare Provider Taxonomy Code_1", "Full Street Address",
]  # fmt: skip
NPPES_8 = [
    "NPI", "Entity Type Code", "Provider Organization Name (Legal Business Name)", *_PERSON[:3], "City", "State",
]  # fmt: skip
DAC_14 = [
    "NPI", "Provider Last Name", "Provider First Name", "Provider Middle Name", "suff", "gndr", "Cred", "pri_spec",
    "ln_2_sprs", "City/Town", "State", "ZIP Code", "adrs_id", "Full Street Address",
]  # fmt: skip
DAC_40 = [
    "NPI", "Ind_PAC_ID", "Ind_enrl_ID", "lst_nm", "frst_nm", "mid_nm", "suff", "gndr", "Cred", "Med_sch", "Grd_yr",
    "pri_spec", "sec_spec_1", "sec_spec_2", "sec_spec_3", "sec_spec_4", "sec_spec_all", "org_nm", "org_pac_id",
    "num_org_mem", "adr_ln_1", "adr_ln_2", "ln_2_sprs", "cty", "st", "zip", "phn_numbr",
    *(name for n in range(1, 6) for name in (f"hosp_afl_{n}", f"hosp_afl_lbn_{n}")), "ind_assgn", "grp_assgn",
    "adrs_id",
]  # fmt: skip
DAC_7 = ["NPI", "Provider Name", "Primary Specialty", "Address", "City/Town", "State", "ZIP Code"]
COMPARE_42 = [
    "NPI", "PAC ID", "Professional Enrollment ID", "Last Name", "First Name", "Middle Name", "Suffix", "Gender",
    "Credential", "Medical school name", "Graduation year", "Primary specialty",
    *(f"Secondary specialty {n}" for n in range(1, 5)), "All secondary specialties", "Organization legal name",
    "Group Practice PAC ID", "Number of Group Practice members", "Line 1 Street Address", "Line 2 Street Address",
    "Marker of address line 2 suppression", "City", "State", "Zip Code", "Phone Number",
    *(f"Hospital affiliation {name} {n}" for n in range(1, 6) for name in ("CCN", "LBN")),
    "Professional accepts Medicare Assignment", "Reported Quality Measures", "Used electronic health records",
    "Participated in the Medicare Maintenance of Certification Program.",
    "Committed to heart health through the Million Hearts® initiative.",
]  # fmt: skip


def npi_of(number: int) -> str:
    """The valid NPI that begins with 1 and these eight digits."""
    nine = f"1{number:08d}"
    total = 0
    for place, digit in enumerate(reversed(ISSUER + nine)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return f"{nine}{-total % 10}"


def clinician(npi: str, last: str = "WHITCOMB", first: str = "ADA", **more: str) -> dict[str, str]:
    """A person's row of NPPES; further values by short names."""
    return {
        "NPI": npi, "Entity Type Code": "1", "Provider Last Name (Legal Name)": last, "Provider First Name": first,
        **_nppes(more),
    }  # fmt: skip


def organization(npi: str, name: str, **more: str) -> dict[str, str]:
    """An organization's row of NPPES; further values by short names."""
    names = {"Provider Organization Name (Legal Business Name)": name}
    return {"NPI": npi, "Entity Type Code": "2", **names, **_nppes(more)}


def deactivated(npi: str, on: str = "03/16/2019", back: str = "") -> dict[str, str]:
    """The row of a deactivated NPI: nothing but the dates."""
    return {"NPI": npi, "NPI Deactivation Date": on, "NPI Reactivation Date": back}


_SHORT = {
    "middle": "Provider Middle Name", "suffix": "Provider Name Suffix Text", "credentials": "Provider Credential Text",
    "line1": "Provider First Line Business Practice Location Address",
    "line2": "Provider Second Line Business Practice Location Address",
    "city": f"{PLACE} City Name", "state": f"{PLACE} State Name", "zip": f"{PLACE} Postal Code",
    "country": f"{PLACE} Country Code (If outside U.S.)", "phone": f"{PLACE} Telephone Number",
    "fax": f"{PLACE} Fax Number", "other_name": "Provider Other Organization Name",
    "other_type": "Provider Other Organization Name Type Code", "ended": "NPI Deactivation Date",
    "back": "NPI Reactivation Date", "code": "Healthcare Provider Taxonomy Code_1",
}  # fmt: skip
AT_HOME = {
    "line1": "7420 RIVERBEND PARKWAY", "city": "WORTHINGTON", "state": "OH", "zip": "430851234",
    "code": "207Q00000X", "credentials": "M.D.", "phone": "6145550142",
}  # fmt: skip


def _nppes(values: Mapping[str, str]) -> dict[str, str]:
    known = AT_HOME | dict(values)
    named = {_SHORT[name]: value for name, value in known.items() if name in _SHORT}
    extra = {name: value for name, value in known.items() if name not in _SHORT}
    return {"Healthcare Provider Primary Taxonomy Switch_1": "Y", **named, **extra}


def dac_row(npi: str, last: str = "WHITCOMB", first: str = "ADA", **more: str) -> dict[str, str]:
    """A row of the Doctors & Clinicians file under the short names of 2022; see `dac_40` and the others."""
    return {
        "NPI": npi, "lst_nm": last, "frst_nm": first, "Cred": "MD", "pri_spec": "FAMILY PRACTICE",
        "adr_ln_1": "7420 RIVERBEND PKWY", "cty": "WORTHINGTON", "st": "OH", "zip": "430851234",
        "phn_numbr": "6145550142", **more,
    }  # fmt: skip


def written(header: Sequence[str], rows: Iterable[Row], *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> bytes:
    """A CSV file with these columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return text.getvalue().encode()


def nppes_330(rows: Iterable[Row]) -> bytes:
    """As CMS writes it: every field quoted, CRLF."""
    return written(NPPES_330, rows, quoting=csv.QUOTE_ALL, end="\r\n")


def nppes_floats(rows: Iterable[Row]) -> bytes:
    """As pandas saves it again: numbers with a decimal point, leading zeros of the ZIP lost."""

    def damaged(name: str, value: str) -> str:
        is_number = name != "NPI" and value.isdecimal() and not name.startswith("Provider License")
        return f"{int(value)}.0" if is_number else value

    return written(NPPES_330, ({name: damaged(name, value) for name, value in row.items()} for row in rows))


def nppes_41(rows: Iterable[Row]) -> bytes:
    """The first columns of an older monthly file: no taxonomy."""
    return written(NPPES_41, rows)


def nppes_21(rows: Iterable[Row]) -> bytes:
    """The excerpt of 2025: people only, the street in one cell, words instead of codes."""

    def short(row: Row) -> dict[str, str]:
        lines = (row.get(_SHORT["line1"], ""), row.get(_SHORT["line2"], ""))
        words = {"Healthcare Provider Taxonomy Code_1": "FAMILY PRACTICE"}
        return {**row, "Full Street Address": " ".join(filter(None, lines)), **words}

    return written(NPPES_21, map(short, rows), end="\r\n")


def nppes_8(rows: Iterable[Row]) -> bytes:
    """The smallest excerpt: names, city and state."""
    places = {"City": f"{PLACE} City Name", "State": f"{PLACE} State Name"}
    return written(NPPES_8, ({**row, **{name: row.get(long, "") for name, long in places.items()}} for row in rows))


def dac_40(rows: Iterable[Row]) -> bytes:
    """The header of 2022: short names, a blank before each after the first."""
    plain = written(DAC_40, rows).split(b"\n", 1)
    return plain[0].replace(b",", b", ") + b"\n" + plain[1]


def dac_14(rows: Iterable[Row]) -> bytes:
    """The excerpt of 2025: no organization, the street in one cell."""
    return written(DAC_14, map(_renamed(DAC_14_NAMES), rows), end="\r\n")


def dac_7(rows: Iterable[Row], blank: int = 0) -> bytes:
    """An excerpt saved by a spreadsheet: the ZIP without its leading zero, blank rows at the end."""

    def short(row: Row) -> dict[str, str]:
        name = f"{row['frst_nm']} {row['lst_nm']}"
        return {**_renamed(DAC_7_NAMES)(row), "Provider Name": name, "ZIP Code": row["zip"].lstrip("0")}

    return written(DAC_7, map(short, rows), end="\r\n") + b",,,,,,\r\n" * blank


def compare_42(rows: Iterable[Row]) -> bytes:
    """Physician Compare of 2017, compressed, with a sign in its header that is not ASCII."""
    return gzip.compress(written(COMPARE_42, map(_renamed(COMPARE_NAMES), rows)))


DAC_14_NAMES = {
    "lst_nm": "Provider Last Name", "frst_nm": "Provider First Name", "mid_nm": "Provider Middle Name",
    "cty": "City/Town", "st": "State", "zip": "ZIP Code", "adr_ln_1": "Full Street Address",
}  # fmt: skip
DAC_7_NAMES = {"pri_spec": "Primary Specialty", "adr_ln_1": "Address", "cty": "City/Town", "st": "State"}
COMPARE_NAMES = {
    "lst_nm": "Last Name", "frst_nm": "First Name", "mid_nm": "Middle Name", "suff": "Suffix", "Cred": "Credential",
    "pri_spec": "Primary specialty", "org_nm": "Organization legal name", "org_pac_id": "Group Practice PAC ID",
    "adr_ln_1": "Line 1 Street Address", "adr_ln_2": "Line 2 Street Address", "cty": "City", "st": "State",
    "zip": "Zip Code", "phn_numbr": "Phone Number",
}  # fmt: skip


def _renamed(names: Mapping[str, str]) -> Any:
    return lambda row: {names.get(name, name): value for name, value in row.items()}


LASTS = ("WHITCOMB", "OKONJO", "MCDONALD", "O'BRIEN", "ALVAREZ-RUIZ", "LINDQVIST", "TRENT", "BARDEN", "DE LA CRUZ")
STREETS = ("RIVERBEND PKWY", "CANAL RD", "N HIGH ST", "MAPLE AVENUE", "OAK STREET", "INDUSTRIAL BLVD")
CODES = ("207Q00000X", "207R00000X", "208000000X", "207RC0000X", "363LF0000X", "225100000X")


def many(count: int, seed: int = 7) -> Iterable[dict[str, str]]:
    """Rows of NPPES in which one in six is an organization, and several people share an address."""
    chance = random.Random(seed)
    for number in range(count):
        place = {
            "line1": f"{chance.randrange(1, 90) * 10} {chance.choice(STREETS)}",
            "line2": chance.choice(("", "STE 200", "SUITE 4")),
            "zip": f"43{chance.randrange(0, 100):03d}{chance.randrange(10_000):04d}", "city": "COLUMBUS",
            "phone": f"614555{chance.randrange(100, 200):04d}", "code": chance.choice(CODES),
        }  # fmt: skip
        npi = npi_of(30_000_000 + number)
        if number % 6 == 5:
            yield organization(npi, f"{chance.choice(LASTS)} MEDICAL GROUP {number}, LLC", **place)
        else:
            yield clinician(npi, chance.choice(LASTS), f"ADA{number}", **place)
