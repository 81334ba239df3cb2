"""The demo's visits: two years of them, today's, and those planned for the coming two weeks, with route plans."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from crm.core.geo import Point, miles, zip_point
from crm.demo.practices import Sketch, begin_of, workdays
from crm.demo.rows import Row, Rows, chance, generator, pick, pick_many
from crm.demo.scale import VISIT_MONTHS, Scale
from crm.demo.specialties import SERVICE_LINES
from crm.demo.users import HOME_ZIPS, Person
from crm.visits.models import Outcome, VisitMode, VisitState

MODES = {VisitMode.IN_PERSON: 66, VisitMode.DROP_OFF: 14, VisitMode.PHONE: 10, VisitMode.LUNCH: 7, VisitMode.VIDEO: 3}
STATES = {VisitState.DONE: 92, VisitState.NO_ACCESS: 5, VisitState.CANCELLED: 3}
OUTCOMES = {Outcome.MET: 50, Outcome.PARTLY: 27, Outcome.NOT_YET: 23}
MINUTES = {
    VisitMode.IN_PERSON: (10, 35), VisitMode.DROP_OFF: (4, 12), VisitMode.PHONE: (4, 20), VisitMode.LUNCH: (45, 75),
    VisitMode.VIDEO: (15, 40),
}  # fmt: skip
OBJECTIVES = (
    "Introduce the same-week spine clinic", "Explain the imaging order form", "Meet the new physicians",
    "Show the online scheduling page", "Report how their patients were seen",
    "Ask why orthopedic referrals went elsewhere",
    "Thank them for their trust", "Bring the sleep study checklist", "Invite them to the cardiology evening",
    "Agree who calls whom about urgent patients",
)  # fmt: skip
NOTES = (
    "Good talk. They like that reports now come within two days.", "Wants one number to call for urgent patients.",
    "Front desk is short of staff; keep it brief next time.", "Asked for more order pads.",
    "Two MRI reports took nine days, so they send elsewhere at the moment.",
    "Will try the online scheduling for a month.",
    "New physician starts next month; plan an introduction.", "Parking is easier behind the building.",
    "Interested in a lunch talk on when to order which study.", "Happy with how quickly patients are seen.", "", "",
)  # fmt: skip
TOPICS = (*SERVICE_LINES, "Scheduling", "Reports", "New services", "Insurance")
MATERIALS = ("", "", "", "Order pads", "Imaging fast-track card", "Service overview", "Sleep study checklist")
STOPS_A_DAY = 6
VISITED_SHARE = 0.86  # of the smaller sources; all larger ones are visited
PLANNED_DAYS = 10


@dataclass
class Outings:
    """Visits with the people met and topics, and the day plans."""

    visits: Rows
    people: Rows
    topics: Rows
    plans: Rows
    stops: Rows


def make_visits(
    scale: Scale, sketches: list[Sketch], people: list[Person], met_at: dict[int, list[Row]], seed: int, today: date
) -> Outings:
    """Everything about visits; `met_at` holds who can be met at each practice."""
    past = past_visits(scale, sketches, seed, today)
    planned = planned_visits(sketches, people, seed, today)
    visits = past + planned
    for number, visit in enumerate(visits, start=1):
        visit["id"] = number
    rng = generator(seed, "visit people")
    met: Rows = []
    topics: Rows = []
    for visit in visits:
        if visit["state"] not in (VisitState.CANCELLED, VisitState.NO_ACCESS):
            met += _people_of(rng, visit, met_at.get(visit["practice_id"], []))
        if visit["state"] is VisitState.DONE:
            chosen = sorted(set(rng.integers(0, len(TOPICS), size=int(rng.integers(0, 3))).tolist()))
            topics += [{"visit_id": visit["id"], "topic": TOPICS[number]} for number in chosen]
    for number, row in enumerate(met, start=1):
        row["id"] = number
    plans, stops = route_plans(planned, people, today)
    return Outings(visits, met, topics, plans, stops)


def past_visits(scale: Scale, sketches: list[Sketch], seed: int, today: date) -> Rows:
    """Visits of two years. Each practice has its own rhythm: large sources are seen more often, some never."""
    rng = generator(seed, "past visits")
    first = begin_of(today, VISIT_MONTHS)
    days = workdays(first, today - timedelta(1))
    importance = np.array([1 / (1 + sketch.id / 30) ** 0.5 for sketch in sketches])
    is_visited = rng.random(len(sketches)) < VISITED_SHARE
    is_visited[: len(sketches) // 8] = True
    importance *= rng.lognormal(0, 0.3, len(sketches)) * is_visited
    expected = importance / importance.sum() * scale.visits
    rows: Rows = []
    for sketch, count in zip(sketches, expected.tolist(), strict=True):
        if count <= 0:
            continue
        gap = len(days) / count
        place = rng.random() * gap
        while place < len(days):
            rows.append(_past_visit(rng, sketch, days[int(place)]))
            place += gap * float(rng.uniform(0.6, 1.4))
    rows.sort(key=lambda row: (row["visit_on"], row["starts_at"], row["practice_id"]))
    return rows


def _past_visit(rng: np.random.Generator, sketch: Sketch, day: date) -> Row:
    mode = list(MODES)[int(pick_many(rng, list(MODES.values()), 1)[0])]
    state = list(STATES)[int(pick_many(rng, list(STATES.values()), 1)[0])]
    is_done = state is VisitState.DONE
    start = time(12, 0) if mode is VisitMode.LUNCH else time(int(rng.integers(8, 17)), int(rng.integers(0, 12)) * 5)
    return _visit_row(
        sketch, day, mode, state, start,
        minutes=int(rng.integers(*MINUTES[mode])) if is_done else None,
        objective=pick(rng, OBJECTIVES) if chance(rng, 0.75) else "",
        outcome=list(OUTCOMES)[int(pick_many(rng, list(OUTCOMES.values()), 1)[0])] if is_done else None,
        note=pick(rng, NOTES) if is_done else "", materials=pick(rng, MATERIALS) if is_done else "",
    )  # fmt: skip


def planned_visits(sketches: list[Sketch], people: list[Person], seed: int, today: date) -> Rows:
    """Visits of today and of the coming two weeks. Today has a full day for each liaison, even on a Sunday."""
    rng = generator(seed, "planned visits")
    rows: Rows = []
    for person in people:
        own = [sketch for sketch in sketches if sketch.owner_id == person.id][:60]
        if not own:
            continue
        of_today = near_each_other(own[:30], STOPS_A_DAY)
        rows += [_planned_visit(rng, sketch, today, place) for place, sketch in enumerate(of_today)]
        others = [sketch for sketch in own if sketch not in of_today]
        chosen = [others[place] for place in rng.permutation(len(others)).tolist()]
        for day in workdays(today + timedelta(1), today + timedelta(14))[:PLANNED_DAYS]:
            stops = int(rng.integers(1, 4))
            chosen, of_day = chosen[stops:], chosen[:stops]
            rows += [_planned_visit(rng, sketch, day, place) for place, sketch in enumerate(of_day)]
    return rows


def near_each_other(sketches: list[Sketch], size: int) -> list[Sketch]:
    """A day's stops: the largest source, then always the nearest one of the rest."""
    chosen, rest = sketches[:1], sketches[1:]
    while rest and len(chosen) < size:
        nearest = min(rest, key=lambda sketch: (miles(sketch.point, chosen[-1].point), sketch.id))
        chosen.append(nearest)
        rest.remove(nearest)
    return chosen


def _planned_visit(rng: np.random.Generator, sketch: Sketch, day: date, place: int) -> Row:
    is_lunch = place == STOPS_A_DAY // 2
    mode = VisitMode.LUNCH if is_lunch else VisitMode.IN_PERSON
    start = time(12, 0) if is_lunch else time(9 + place + (place > STOPS_A_DAY // 2), int(rng.integers(0, 4)) * 15)
    row = _visit_row(
        sketch, day, mode, VisitState.PLANNED, start, minutes=60 if is_lunch else 20, objective=pick(rng, OBJECTIVES),
        outcome=None, note="", materials="",
    )  # fmt: skip
    return row | {"is_promised": is_lunch}


def _visit_row(
    sketch: Sketch, day: date, mode: VisitMode, state: VisitState, start: time, *,
    minutes: int | None, objective: str, outcome: Outcome | None, note: str, materials: str,
) -> Row:  # fmt: skip
    made = datetime(day.year, day.month, day.day, 20, tzinfo=UTC) - timedelta(
        days=7 if state is VisitState.PLANNED else 0
    )
    return {
        "practice_id": sketch.id, "owner_id": sketch.owner_id, "state": state, "mode": mode, "visit_on": day,
        "starts_at": start, "minutes": minutes, "objective": objective, "outcome": outcome, "note": note,
        "materials": materials, "is_promised": False, "client_key": None, "version": 1, "created_at": made,
        "updated_at": made,
    }  # fmt: skip


def _people_of(rng: np.random.Generator, visit: Row, present: list[Row]) -> Rows:
    if not present or visit["mode"] is VisitMode.DROP_OFF:
        return []
    chosen = sorted(set(rng.integers(0, len(present), size=int(rng.integers(1, 4))).tolist()))
    return [{"visit_id": visit["id"], **present[place]} for place in chosen]


def route_plans(planned: Rows, people: list[Person], today: date) -> tuple[Rows, Rows]:
    """Each liaison's plan for today, from home and back, in the order of the planned visits."""
    made = datetime(today.year, today.month, today.day, 11, tzinfo=UTC) - timedelta(days=1)
    plans: Rows = []
    stops: Rows = []
    for person in people:
        of_today = [row for row in planned if row["owner_id"] == person.id and row["visit_on"] == today]
        home = zip_point(HOME_ZIPS[person.territory_id - 1]) if person.territory_id else None
        if home is None or not of_today:
            continue
        plans.append(_plan_row(len(plans) + 1, person, home, today, made))
        stops += [
            {"id": len(stops) + place, "plan_id": len(plans), "practice_id": row["practice_id"], "position": place,
             "typed_position": place, "visit_id": row["id"]}
            for place, row in enumerate(sorted(of_today, key=lambda row: row["starts_at"]), start=1)
        ]  # fmt: skip
    return plans, stops


def _plan_row(number: int, person: Person, home: Point, today: date, made: datetime) -> Row:
    return {
        "id": number, "owner_id": person.id, "plan_on": today, "starts_at": time(8, 30), "start_name": "Home",
        "start_latitude": home.lat, "start_longitude": home.lon, "end_name": "Home", "end_latitude": home.lat,
        "end_longitude": home.lon, "visit_minutes": 20, "is_in_typed_order": True, "version": 1,
        "created_at": made, "updated_at": made,
    }  # fmt: skip
