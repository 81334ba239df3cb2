"""Who sees which task, and what may be done with it."""

from datetime import date, timedelta
from typing import Any

import pytest

from crm.accounts.permissions import Role
from crm.core import clock
from crm.core.errors import Conflict, Invalid, NotFound
from crm.tasks import queries, services
from crm.tasks.models import Task
from crm.tasks.services import TaskEntry
from tests.cast import Cast, person


def task(database: Any, cast: Cast, owner: Any, practice: Any = None, **values: Any) -> Task:
    row = Task(
        title=values.pop("title", "Send the guide"), owner_id=owner.id, practice_id=practice.id if practice else None,
        created_by_id=values.pop("created_by", owner).id, **values,
    )  # fmt: skip
    database.add(row)
    database.flush()
    return row


def test_each_role_sees_its_tasks(database: Any, cast: Cast) -> None:
    north, south = task(database, cast, cast.dana, cast.olentangy), task(database, cast, cast.tomas, cast.southgate)
    own, other = task(database, cast, cast.dana), task(database, cast, cast.priya)
    given_away = task(database, cast, cast.tomas, created_by=cast.dana)

    def sees(who: Any) -> set[Task]:
        return set(queries.list_open(database, cast.viewer(who)))

    assert sees(cast.dana) == {north, own, given_away}
    assert sees(cast.tomas) == {south, given_away}
    assert sees(cast.maren) == {north, south, own, other, given_away}
    assert sees(cast.priya) == {other}
    for hidden in (south, other):
        with pytest.raises(NotFound):
            queries.get_task(database, cast.viewer(cast.dana), hidden.id)
    assert queries.list_for_practice(database, cast.viewer(cast.dana), cast.southgate.id) == []


def test_an_own_task_on_a_practice_elsewhere_is_out_of_sight(database: Any, cast: Cast) -> None:
    row = task(database, cast, cast.dana, cast.southgate, due_on=clock.today())
    with pytest.raises(NotFound):
        queries.get_task(database, cast.viewer(cast.dana), row.id)
    assert queries.count_due(database, cast.viewer(cast.dana)) == 0


def test_due_counts_own_open_tasks_until_today(database: Any, cast: Cast) -> None:
    today = clock.today()
    for days, done in ((-3, False), (0, False), (1, False), (-9, True)):
        task(database, cast, cast.dana, due_on=today + timedelta(days=days), done_at=clock.now() if done else None)
    task(database, cast, cast.maren, cast.olentangy, due_on=today)
    task(database, cast, cast.dana)
    assert queries.count_due(database, cast.viewer(cast.dana)) == 2


def test_open_tasks_come_most_urgent_first_and_undated_last(database: Any, cast: Cast) -> None:
    today = clock.today()
    for days in (5, None, -2):
        task(
            database,
            cast,
            cast.dana,
            due_on=today + timedelta(days=days) if days is not None else None,
            title=str(days),
        )
    assert [row.title for row in queries.list_open(database, cast.viewer(cast.dana))] == ["-2", "5", "None"]


def test_a_task_is_added_finished_and_opened_again(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    row = services.add_task(database, viewer, TaskEntry("Call Lena", cast.dana.id), practice=cast.olentangy)
    services.finish_task(database, row)
    done_at = row.done_at
    services.finish_task(database, row)
    assert row.done_at == done_at
    assert queries.list_done(database, viewer) == [row]
    assert queries.list_for_practice(database, viewer, cast.olentangy.id) == []
    assert queries.list_for_practice(database, viewer, cast.olentangy.id, is_open=False) == [row]
    services.reopen_task(database, row)
    assert queries.list_open(database, viewer, cast.dana.id) == [row]


def test_a_task_goes_only_to_somebody_who_will_see_it(database: Any, cast: Cast) -> None:
    row = services.add_task(database, cast.viewer(cast.maren), TaskEntry("Call", cast.dana.id), practice=cast.olentangy)
    with pytest.raises(Invalid, match="does not look after"):
        services.hand_over_task(database, row, cast.tomas.id)
    with pytest.raises(Invalid, match="does not work with tasks"):
        services.hand_over_task(database, row, cast.arjun.id)
    gone = person(database, "Nora Vale", Role.MANAGER)
    gone.is_active = False
    for nobody in (gone.id, 10**8):
        with pytest.raises(Invalid, match="of the list"):
            services.hand_over_task(database, row, nobody)
    assert services.hand_over_task(database, row, cast.maren.id) is cast.maren
    assert services.add_task(database, cast.viewer(cast.maren), TaskEntry("Call", cast.tomas.id)).owner is cast.tomas


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"due_on": date(1999, 1, 1)}, "due_on"),
        ({"title": "Call patient Smith"}, "title"),
        ({"note": "MRN 884213"}, "note"),
        ({"note": "219-09-9999", "names_no_patient": True}, "note"),
    ],
)
def test_a_task_that_breaks_a_rule_is_refused(database: Any, cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.add_task(
            database, cast.viewer(cast.dana), TaskEntry(**({"title": "Call", "owner_id": cast.dana.id} | values))
        )
    assert field in refusal.value.fields


def test_a_task_is_put_off_and_changed_with_care(database: Any, cast: Cast) -> None:
    today = clock.today()
    row = services.add_task(database, cast.viewer(cast.dana), TaskEntry("Call", cast.dana.id, today))
    assert services.postpone_task(database, row, today + timedelta(days=7)) == today
    assert row.due_on == today + timedelta(days=7)
    with pytest.raises(Invalid):
        services.postpone_task(database, row, date(9999, 1, 1))
    with pytest.raises(Conflict):
        services.change_task(database, row, TaskEntry("Other", cast.dana.id), version=row.version - 1)
    services.change_task(database, row, TaskEntry("Other", cast.dana.id), version=row.version)
    assert row.title == "Other"
