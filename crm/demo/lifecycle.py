"""What becomes of each referral: appointment, visit, report and payment, never later than today allows."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from crm.demo.rows import Bools, Days, Floats, Ints, Objects
from crm.referrals.models import ReferralStatus

# By SERVICE_LINES: median days from received to appointment, spread, typical payment in dollars, spread.
WAIT_DAYS = np.array([11.0, 8.0, 4.5, 14.0, 19.0])
WAIT_SPREAD = 0.55
PAID_DOLLARS = np.array([620.0, 780.0, 410.0, 540.0, 480.0])
PAID_SPREAD = np.array([0.9, 1.0, 0.5, 0.7, 0.5])
DECLINED_SHARE = 0.035
LOST_SHARE = 0.075
CALLED_OFF_SHARE = 0.5  # of the lost: no appointment was made
NO_SHOW_SHARE = 0.07
PRICED_SHARE = 0.965
SCHEDULED_AFTER = 6  # days until somebody gave an appointment, at most
FADES_AFTER = 12  # days until a referral that comes to nothing is marked so
REPORT_DAYS = 12
REPORTED_SHARE = 0.94
NEVER = np.datetime64("NaT", "D")


@dataclass
class Life:
    """The steps of every referral, as columns."""

    status: Objects
    appointment_on: Days
    seen_on: Days
    report_sent_on: Days
    revenue_cents: Objects


def live(rng: np.random.Generator, received: Days, line: Ints, today: date) -> Life:
    """Follow each referral up to today."""
    size, now = len(received), np.datetime64(today, "D")
    wait = np.maximum(
        1, (WAIT_DAYS[line] * rng.lognormal(0, WAIT_SPREAD, size) * _improvement(received, now)).astype(np.int64)
    )
    appointment = np.busday_offset(received + wait, 0, roll="forward")
    fate = rng.random(size)
    age = (now - received).astype(np.int64)
    is_declined = (fate < DECLINED_SHARE) & (age > FADES_AFTER)
    never_came = (fate >= DECLINED_SHARE) & (fate < DECLINED_SHARE + LOST_SHARE)
    is_given = age >= rng.integers(0, SCHEDULED_AFTER + 1, size)
    has_appointment = is_given & ~is_declined & ~(never_came & (rng.random(size) < CALLED_OFF_SHARE))
    is_past = has_appointment & (appointment < now)
    no_show = is_past & (never_came | (rng.random(size) < NO_SHOW_SHARE))
    is_lost = ~is_declined & ((never_came & (age > FADES_AFTER)) | no_show)
    is_seen = is_past & ~is_lost & ~is_declined
    status = np.full(size, ReferralStatus.RECEIVED, dtype=object)
    for rows, step in (
        (has_appointment, ReferralStatus.SCHEDULED), (is_seen, ReferralStatus.SEEN), (is_lost, ReferralStatus.LOST),
        (is_declined, ReferralStatus.DECLINED),
    ):  # fmt: skip
        status[rows] = step
    report = appointment + rng.integers(1, REPORT_DAYS, size)
    return Life(
        status=status,
        appointment_on=np.where(has_appointment, appointment, NEVER),
        seen_on=np.where(is_seen, appointment, NEVER),
        report_sent_on=np.where(is_seen & (report <= now) & (rng.random(size) < REPORTED_SHARE), report, NEVER),
        revenue_cents=_revenue(rng, line, is_seen),
    )


def _improvement(received: Days, now: np.datetime64) -> Floats:
    """Waits have become a third shorter over three years."""
    years = (now - received).astype(np.float64) / 365
    return np.asarray(0.75 + 0.12 * np.minimum(years, 3))


def _revenue(rng: np.random.Generator, line: Ints, is_seen: Bools) -> Objects:
    dollars = PAID_DOLLARS[line] * rng.lognormal(0, PAID_SPREAD[line])
    cents = (np.round(dollars, 2) * 100).round().astype(np.int64).astype(object)
    cents[~(is_seen & (rng.random(len(line)) < PRICED_SHARE))] = None
    return np.asarray(cents)
