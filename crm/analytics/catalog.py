"""Every chart by name: its title, its one-sentence definition, who may see it, and how high it is drawn.

Knows nothing slow to import; what a chart answers stands in `answers.py`.
"""

from dataclasses import dataclass

from crm.accounts.permissions import Permission

WAIT = (
    "Days from the day received to the day of the appointment; the median is the number of days within which half got "
    "one, the 90th percentile the number within which nine of ten did (shown from ten referrals on)."
)
SEEN = (
    "Referrals with the status seen, as a share of all received in the same months; a month counts when two whole "
    "months have passed since, because younger referrals are still on their way."
)
REPORT = (
    "Days from the day the patient was seen to the day the report was sent to the referring practice, by the month in "
    "which the referral was received; the share is of the referrals that were seen, whose report may still be missing."
)
TEST = (
    "Likely: under 1 in 20 unchanged sources would change so much by chance; Clear: under 1 in 100 (exact test of two "
    "Poisson counts of as many months)."
)


@dataclass(frozen=True)
class Chart:
    """What is known about a chart before anything is counted."""

    title: str
    definition: str
    height: str = "m"
    permission: Permission = Permission.ANALYTICS_VIEW


CHARTS: dict[str, Chart] = {
    "referrals-by-month": Chart(
        "Referrals received per month",
        "Referrals by the month in which they were received, beside the same month a year before; a month that is not "
        "over is shown but never compared.",
        height="l",
    ),
    "year-to-date": Chart(
        "Year to date",
        "Referrals received since January, added up over whole months, beside the same months a year before.",
    ),
    "sources": Chart(
        "Referrals received by source",
        f"Referrals per practice in whole months, its share of all referrals received, and the change from the same "
        f"months a year before. {TEST}",
        height="l",
    ),
    "growing-sources": Chart(
        "Growing most",
        f"Practices by how many more referrals they sent than in the same whole months a year before. {TEST}",
        height="m",
    ),
    "declining-sources": Chart(
        "Declining most",
        f"Practices by how many fewer referrals they sent than in the same whole months a year before. {TEST}",
        height="m",
    ),
    "revenue-by-month": Chart(
        "Revenue by service line",
        "The amount stated for each referral, by the month in which it was received, per service line; billed, paid "
        "and net amounts are never added up. An estimate, when shown, is the number of referrals without an amount "
        "that were neither declined nor lost, times the average value stated for their service line; it stands apart "
        "from the amounts.",
        height="l",
        permission=Permission.REVENUE_VIEW,
    ),
    "revenue-by-source": Chart(
        "Revenue by source",
        "The amounts stated for the referrals of each practice, received in whole months; the mark is the same months "
        "a year before.",
        height="l",
        permission=Permission.REVENUE_VIEW,
    ),
    "referrals-by-status": Chart(
        "Referrals by status",
        "How far the referrals received in the period have come; those still waiting have neither an appointment nor "
        "an end yet.",
    ),
    "time-to-appointment": Chart("Time to appointment", WAIT),
    "wait-by-month": Chart("Time to appointment by month received", WAIT, height="l"),
    "wait-by-site": Chart("Time to appointment by site", WAIT),
    "wait-by-payer": Chart("Time to appointment by payer", WAIT),
    "wait-by-source": Chart("Time to appointment by source", f"The largest sources. {WAIT}", height="l"),
    "seen-by-month": Chart("Seen rate by month received", SEEN, height="l"),
    "seen-by-line": Chart("Seen rate by service line", SEEN),
    "report-by-month": Chart("Report turnaround by month received", REPORT, height="l"),
    "report-by-line": Chart("Report turnaround by service line", REPORT),
    "visits-and-referrals": Chart(
        "Visits beside referrals",
        "Visits made or tried per month, by kind, below the referrals received in the same month; the two are not "
        "matched to each other, and this is no proof of an effect.",
        height="l",
    ),
    "most-visited": Chart(
        "Visited most",
        "Practices by visits made in the period, with the referrals that they sent in the same months.",
        height="l",
    ),
}
