"""Where the demo's practices stand: real ZIP codes and towns around Columbus, Ohio, with invented streets."""

from dataclasses import dataclass

import numpy as np

from crm.core.geo import Point, zip_point
from crm.demo.rows import chance, pick

TERRITORIES = ("Columbus North", "Columbus East", "Columbus South", "Columbus West")

# Town, ZIP codes of the town, weight of each.
TOWNS: dict[str, list[tuple[str, str, float]]] = {
    "Columbus North": [
        ("Worthington", "43085", 3), ("Powell", "43065", 2), ("Lewis Center", "43035", 2), ("Delaware", "43015", 2),
        ("Columbus", "43214 43202 43211 43229 43231 43224 43235 43240", 1.6), ("Westerville", "43081 43082", 2),
        ("Galena", "43021", 0.6), ("Sunbury", "43074", 0.8), ("Ostrander", "43061", 0.3), ("Ashley", "43003", 0.3),
    ],
    "Columbus East": [
        ("New Albany", "43054", 2), ("Gahanna", "43230", 2.5), ("Columbus", "43219 43213 43203 43205 43227 43232", 1.5),
        ("Bexley", "43209", 2), ("Reynoldsburg", "43068", 2), ("Blacklick", "43004", 1), ("Pataskala", "43062", 1),
        ("Johnstown", "43031", 0.5), ("Granville", "43023", 0.8), ("Newark", "43055", 1.6), ("Heath", "43056", 0.8),
    ],
    "Columbus South": [
        ("Columbus", "43215 43206 43207 43201 43222 43223", 1.8), ("Grove City", "43123", 3), ("Groveport", "43125", 1),
        ("Lockbourne", "43137", 0.4), ("Canal Winchester", "43110", 1.6), ("Pickerington", "43147", 2),
        ("Ashville", "43103", 0.6), ("Circleville", "43113", 1.3), ("Lancaster", "43130", 2), ("Carroll", "43112", 0.3),
        ("Orient", "43146", 0.3), ("Commercial Point", "43116", 0.3), ("Baltimore", "43105", 0.3),
    ],
    "Columbus West": [
        ("Dublin", "43016 43017", 2.6), ("Hilliard", "43026", 2.6), ("Columbus", "43220 43221 43212 43204 43228", 1.6),
        ("Galloway", "43119", 1), ("West Jefferson", "43162", 0.4), ("Plain City", "43064", 0.8),
        ("Marysville", "43040", 1.4), ("London", "43140", 0.9), ("Mount Sterling", "43143", 0.3),
        ("Milford Center", "43045", 0.3),
    ],
}  # fmt: skip

STREETS = (
    "Alderwick Rd", "Amberfield Dr", "Ashgrove Ave", "Bellmeadow Ln", "Birchholm Rd", "Brackenridge Pkwy", "Bramley St",
    "Briarstone Dr", "Calloway Mill Rd", "Cedarmoor Ave", "Clearfork Blvd", "Coppergate Dr", "Cranmere Rd",
    "Dunhollow Rd",
    "Eastlake Commons", "Elderberry Way", "Fallowfield Rd", "Fernbrook Ave", "Foxmeade Dr", "Garnet Hill Rd",
    "Glenarbor Ln",
    "Greywood Ave", "Hartsfield Blvd", "Hazelmoor Rd", "Hollowell St", "Juniper Crossing", "Kestrel Run",
    "Larkmoor Ave",
    "Lindenhall Rd", "Maplecroft Dr", "Meadowlark Pkwy", "Millstone Ct", "Northbank Rd", "Oakhurst Commons",
    "Orchardview Rd",
    "Partridge Bend", "Pinefall Rd", "Quarry Ridge Dr", "Redfern St", "Riverbend Pkwy", "Rosemont Mill Rd",
    "Sable Creek Rd",
    "Saltbox Ln", "Sandalwood Ave", "Stonehaven Dr", "Sycamore Landing", "Tamarack Rd", "Thornbury Ave",
    "Upland Park Dr",
    "Valleyforge Way", "Wexmoor Rd", "Whitaker Mill Rd", "Willowdale Ave", "Windrose Blvd", "Yarrow St",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A ZIP code with its town."""

    zip: str
    city: str
    territory_id: int
    weight: float


def all_places() -> list[Place]:
    """Every ZIP code of the demo; territory numbers follow TERRITORIES from 1."""
    return [
        Place(code, city, TERRITORIES.index(territory) + 1, weight)
        for territory, towns in TOWNS.items()
        for city, codes, weight in towns
        for code in codes.split()
    ]


def zip_prefixes(territory: str) -> str:
    """The ZIP codes of a territory, as its form holds them."""
    return " ".join(sorted(code for _, codes, _ in TOWNS[territory] for code in codes.split()))


def spot(rng: np.random.Generator, code: str) -> Point:
    """A point within a mile or so of the centre of a ZIP code."""
    centre = zip_point(code)
    if centre is None:
        raise LookupError(f"the census knows no ZIP {code}")
    lat, lon = rng.normal(0, 0.008, 2).clip(-0.018, 0.018)
    return Point(round(centre.lat + float(lat), 5), round(centre.lon + float(lon), 5))


def street(rng: np.random.Generator) -> tuple[str, str]:
    """A street with its number, and a suite for every other."""
    suite = f"Suite {int(rng.integers(1, 5)) * 100 + int(rng.integers(0, 9)) * 5}" if chance(rng, 0.5) else ""
    return f"{int(rng.integers(12, 990)) * 10 + int(rng.integers(0, 9))} {pick(rng, STREETS)}", suite
