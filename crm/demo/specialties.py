"""What kinds of practice there are in the demo, what their clinicians are, and where their patients are sent."""

from dataclasses import dataclass

from crm.directory.models import PracticeKind

SERVICE_LINES = ("Cardiology", "Orthopedics", "Imaging", "Pain", "Sleep")
SITES = ("Harbor Worthington", "Harbor Downtown", "Harbor Grove City", "Harbor Dublin")
# Which site the patients of each territory go to, in the order of SITES.
SITE_SHARES = ((0.7, 0.15, 0.02, 0.13), (0.42, 0.5, 0.06, 0.02), (0.04, 0.4, 0.53, 0.03), (0.1, 0.14, 0.06, 0.7))


@dataclass(frozen=True)
class Specialty:
    """A field of medicine: its NUCC code, its words, how practices of it are called, what they refer (by SERVICE_LINES)."""

    taxonomy: str
    words: str
    nouns: tuple[str, ...]
    lines: tuple[float, float, float, float, float]
    weight: float = 1
    kind: PracticeKind = PracticeKind.PHYSICIAN
    credentials: tuple[str, ...] = ("MD", "MD", "DO")


SPECIALTIES = (
    Specialty("207Q00000X", "Family medicine", ("Family Medicine", "Family Practice", "Family Health", "Primary Care"),
              (0.22, 0.24, 0.36, 0.1, 0.08), 9, credentials=("MD", "MD", "DO", "CNP", "PA-C")),
    Specialty("207R00000X", "Internal medicine", ("Internal Medicine", "Internists", "Medical Group", "Medical Associates"),
              (0.36, 0.14, 0.34, 0.07, 0.09), 6, credentials=("MD", "MD", "DO", "CNP")),
    Specialty("208000000X", "Pediatrics", ("Pediatrics", "Children's Clinic"), (0.1, 0.32, 0.48, 0.02, 0.08), 1.4),
    Specialty("207V00000X", "Obstetrics and gynecology", ("Women's Health", "Women's Care"), (0.14, 0.06, 0.74, 0.04, 0.02), 1.5),
    Specialty("207QS0010X", "Sports medicine", ("Sports Medicine",), (0.03, 0.58, 0.31, 0.07, 0.01), 1),
    Specialty("207RC0000X", "Cardiology", ("Cardiology Assoc.", "Heart Clinic"), (0.55, 0.02, 0.33, 0.01, 0.09), 0.9),
    Specialty("207RR0500X", "Rheumatology", ("Rheumatology",), (0.06, 0.36, 0.34, 0.22, 0.02), 0.7),
    Specialty("207RP1001X", "Pulmonary disease", ("Lung Center", "Pulmonary Clinic"), (0.16, 0.01, 0.3, 0.01, 0.52), 0.6),
    Specialty("2084N0400X", "Neurology", ("Neurology",), (0.07, 0.12, 0.5, 0.17, 0.14), 0.7),
    Specialty("208100000X", "Physical medicine and rehabilitation", ("Rehabilitation", "Spine Center"), (0.02, 0.36, 0.3, 0.31, 0.01), 0.7),
    Specialty("207RE0101X", "Endocrinology", ("Endocrinology", "Diabetes Center"), (0.4, 0.05, 0.4, 0.02, 0.13), 0.5),
    Specialty("213E00000X", "Podiatry", ("Foot and Ankle",), (0.08, 0.5, 0.36, 0.05, 0.01), 0.7, credentials=("DPM",)),
    Specialty("111N00000X", "Chiropractic", ("Chiropractic",), (0.01, 0.42, 0.36, 0.2, 0.01), 0.6, credentials=("DC",)),
    Specialty("261QU0200X", "Urgent care", ("Urgent Care",), (0.14, 0.38, 0.44, 0.03, 0.01), 0.8, credentials=("MD", "DO", "PA-C", "CNP")),
    Specialty("282N00000X", "General acute care hospital", ("Health Center", "Community Hospital"), (0.38, 0.22, 0.24, 0.08, 0.08),
              0.5, PracticeKind.HOSPITAL),
    Specialty("314000000X", "Skilled nursing facility", ("Skilled Nursing", "Care Center"), (0.34, 0.28, 0.26, 0.08, 0.04), 0.8,
              PracticeKind.SNF, ("MD", "CNP")),
    Specialty("251E00000X", "Home health", ("Home Health",), (0.44, 0.26, 0.16, 0.1, 0.04), 0.7, PracticeKind.HOME_HEALTH, ("RN", "CNP")),
    Specialty("261QM0801X", "Mental health clinic", ("Counseling Center",), (0.12, 0.04, 0.16, 0.18, 0.5), 0.5,
              PracticeKind.MENTAL_HEALTH, ("MD", "LISW-S")),
    Specialty("3336C0003X", "Community pharmacy", ("Pharmacy",), (0.4, 0.1, 0.1, 0.2, 0.2), 0.3, PracticeKind.PHARMACY, ("PharmD",)),
    Specialty("251K00000X", "Public health agency", ("Health Department",), (0.3, 0.15, 0.4, 0.05, 0.1), 0.2,
              PracticeKind.PUBLIC_HEALTH, ("MD", "RN")),
    Specialty("251B00000X", "Case management", ("Community Clinic", "Resource Center"), (0.25, 0.2, 0.4, 0.1, 0.05), 0.4,
              PracticeKind.COMMUNITY, ("CNP", "MD")),
    Specialty("305R00000X", "Health plan", ("Health Plan",), (0.3, 0.2, 0.3, 0.1, 0.1), 0.15, PracticeKind.PAYER, ("MD",)),
)  # fmt: skip


def find_specialty(words: str) -> Specialty:
    """The specialty of these words."""
    return next(specialty for specialty in SPECIALTIES if specialty.words == words)
