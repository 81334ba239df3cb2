"""How large a demo organization is: small for a first look, large for benchmarks."""

from dataclasses import dataclass

MONTHS = 36  # whole months of referrals before the running one
VISIT_MONTHS = 24


@dataclass(frozen=True)
class Scale:
    """What there is of everything, about."""

    name: str
    practices: int
    providers: int
    contacts: int
    first_month_referrals: int
    last_month_referrals: int
    visits: int
    liaisons: int
    tasks: int
    meetings: int


SCALES = {
    scale.name: scale
    for scale in (
        Scale("small", 320, 900, 700, 1_100, 1_400, 1_800, 4, 150, 70),
        Scale("medium", 1_310, 3_700, 2_900, 4_300, 5_500, 8_000, 8, 600, 250),
        Scale("large", 5_000, 20_000, 20_000, 36_000, 46_000, 250_000, 24, 5_000, 2_000),
    )
}
