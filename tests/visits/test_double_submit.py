"""Two sends of one form at the very same moment save one visit, on a database with real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.tasks.models import Task
from crm.visits.models import Visit, VisitState
from tests.cast import Cast
from tests.pages import PageClient, filled_in
from tests.visits.rows import visit

SENDS = 4


@pytest.mark.real_commits
@pytest.mark.parametrize("is_planned", [False, True])
def test_a_form_sent_at_the_same_moment_saves_once(
    database: Any, cast: Cast, sign_in: Callable[..., PageClient], is_planned: bool
) -> None:
    if is_planned:
        visit(database, cast.olentangy, cast.dana, state=VisitState.PLANNED)
        database.commit()
    browsers = [sign_in(cast.dana) for _ in range(SENDS)]
    address = f"/visits/new?practice={cast.olentangy.id}"
    typed = {**filled_in(browsers[0].get(address).form()), "follow_ups": ["send"]}
    sends = [{**typed, "csrf_token": browser.csrf()} for browser in browsers]
    database.remove()
    gate = Barrier(SENDS)

    def send(number: int) -> tuple[int, str]:
        gate.wait(timeout=20)
        answer = browsers[number].raw.post(address, data=sends[number])
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(SENDS) as pool:
        answers = list(pool.map(send, range(SENDS)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 302
    assert database.scalar(select(func.count(Visit.id))) == 1
    assert database.scalar(select(func.count(Task.id))) == 1
