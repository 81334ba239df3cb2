"""What the tests of the pages of analytics start from: a fixed day, and two years of referrals."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from crm.referrals.models import RevenueKind
from tests.analytics.volumes import NOV, Volumes, add_visit, service_lines
from tests.cast import Cast


@pytest.fixture
def november() -> Iterator[None]:
    """It is noon of Friday 20 November 2026 in Columbus."""
    with time_machine.travel("2026-11-20 17:00 +0000", tick=True):
        yield


@pytest.fixture
def two_years(november: None, database: Any, cast: Cast) -> Session:
    """Olentangy falls from 12 to 6 a month, Southgate grows from 8 to 14, and 2 a month match nobody."""
    session: Session = database()
    cardiology, imaging = service_lines(session)
    volumes = Volumes(session)
    for month in range(NOV - 24, NOV + 1):
        lately = month > NOV - 12
        for practice, count in (
            (cast.olentangy, 6 if lately else 12),
            (cast.southgate, 14 if lately else 8),
            (None, 2),
        ):
            line = imaging if practice is cast.southgate else cardiology
            volumes.add(
                practice, month, count // 2 if month == NOV else count, service_line_id=line.id,
                revenue_cents=10_000, revenue_kind=RevenueKind.PAID,
            )  # fmt: skip
    volumes.store()
    add_visit(session, cast.olentangy, cast.dana.id, date(2026, 10, 8))
    session.commit()
    return session
