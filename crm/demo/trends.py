"""How many referrals each practice sends in each month: size, course, season, growth, noise, and what visits do."""

from datetime import date

import numpy as np

from crm.core.formats import month_of
from crm.demo.practices import Sketch, begin_of, workdays
from crm.demo.rows import Floats, Ints, Rows, generator
from crm.demo.scale import MONTHS, Scale
from crm.visits.models import Outcome, VisitMode, VisitState

SEASON = (1.02, 0.96, 1.05, 1.03, 1.01, 0.99, 0.93, 0.98, 1.0, 1.07, 0.98, 0.9)  # January to December
ZIPF = 0.95
NOISE_SHAPE = 14.0  # gamma: months of one practice vary by about a quarter more than chance alone
# What a visit that met its objective adds to each of the three months after it, as a share.
EFFECT = {
    VisitMode.IN_PERSON: 0.07,
    VisitMode.LUNCH: 0.1,
    VisitMode.VIDEO: 0.02,
    VisitMode.PHONE: 0.01,
    VisitMode.DROP_OFF: 0.0,
}
MOST_EFFECT = 0.22
EFFECT_MONTHS = 3


def month_numbers(today: date) -> range:
    """The whole months and the running one."""
    return range(month_of(today) - MONTHS, month_of(today) + 1)


def course_of(name: str, rng: np.random.Generator) -> Floats:
    """How a practice's referrals move over the months, around 1."""
    t = np.arange(MONTHS + 1, dtype=float)
    begin, turn = float(rng.uniform(16, 30)), float(MONTHS - rng.integers(3, 5))
    curves = {
        "growing": 0.7 + 0.6 / (1 + np.exp(-(t - 27) / 3.2)),
        "eroding": np.interp(t, [0, 12, MONTHS], [1.15, 1.1, 0.68]),
        "falling": np.where(t < turn, 1.08, float(rng.uniform(0.32, 0.48))),
        "new": np.interp(t, [begin, begin + 8], [0, 1.0]),
        "lapsed": np.where(t < begin, 0.9, 0.0),
        "silent": np.zeros(MONTHS + 1),
    }
    return np.asarray(curves.get(name, np.ones(MONTHS + 1)), dtype=float)


def visit_effect(visits: Rows, practices: int, today: date) -> Floats:
    """By practice and month: 1, and more after visits that met their objective."""
    extra = np.zeros((practices, MONTHS + 1))
    first = month_numbers(today)[0]
    for visit in visits:
        if visit["state"] is VisitState.DONE and visit["outcome"] is Outcome.MET:
            column = month_of(visit["visit_on"]) - first + 1
            extra[visit["practice_id"] - 1, column : column + EFFECT_MONTHS] += EFFECT[visit["mode"]]
    return 1 + np.minimum(extra, MOST_EFFECT)


def monthly_counts(scale: Scale, sketches: list[Sketch], visits: Rows, seed: int, today: date) -> Ints:
    """Referrals by practice and month, the running month only up to today."""
    rng = generator(seed, "monthly counts")
    courses = np.array([course_of(sketch.course, rng) for sketch in sketches])
    size = np.array([1 / (sketch.id + 2) ** ZIPF for sketch in sketches]) * rng.lognormal(0, 0.25, len(sketches))
    months = list(month_numbers(today))
    season = np.array([SEASON[month % 12] for month in months])
    wanted = np.linspace(scale.first_month_referrals, scale.last_month_referrals, MONTHS + 1) * season
    rates = size[:, None] * courses * visit_effect(visits, len(sketches), today)
    # Growth of the whole is set from outside, so that declining sources do not turn the headline.
    rates *= (wanted / rates.sum(axis=0))[None, :]
    rates[:, -1] *= share_of_month(today)
    noise = rng.gamma(NOISE_SHAPE, 1 / NOISE_SHAPE, rates.shape)
    return np.asarray(rng.poisson(rates * noise), dtype=np.int64)


def share_of_month(today: date) -> float:
    """How much of the running month has passed, in workdays; today's referrals are not in yet."""
    first = begin_of(today, 0)
    next_first = begin_of(today, -1)
    days = workdays(first, next_first)
    passed = [day for day in days if day < today]
    return len(passed) / len([day for day in days if day < next_first])
