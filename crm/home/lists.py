"""The home page of marketing: saved lists, the latest exports, who opted out lately, and the meetings ahead."""

from datetime import timedelta

from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import user_names
from crm.core import clock, formats
from crm.core.db import db
from crm.core.web import allow, page
from crm.directory.models import Channel, ContactPermission
from crm.exports import queries
from crm.exports.filters import in_words, read_filter
from crm.home.blueprint import bp
from crm.meetings.queries import list_between

WEEKS_AHEAD = timedelta(weeks=2)
MOST_MEETINGS = 6
NUMBERS = (Channel.PHONE, Channel.TEXT, Channel.FAX)


@bp.route("/lists")
@allow(Permission.LISTS_VIEW)
def lists() -> ResponseReturnValue:
    """Where marketing starts."""
    session, viewer = db.session(), current_viewer()
    now, name_of = clock.now(), queries.namer(session)
    saved = [(row, read_filter(row.filters)) for row in queries.list_contact_lists(session)]
    may_see_meetings = viewer.may(Permission.MEETINGS_VIEW)
    meetings = list_between(session, viewer, now, now + WEEKS_AHEAD) if may_see_meetings else ()
    return page(
        "home/lists.html",
        lists=[(row, chosen, in_words(chosen, name_of)) for row, chosen in saved],
        exports=queries.recent_exports(session, viewer, limit=5),
        opt_outs=[(row, _written(row)) for row in queries.recent_opt_outs(session)],
        opted_out=queries.count_opt_outs(session),
        meetings=list(meetings)[:MOST_MEETINGS],
        may_see_meetings=may_see_meetings,
        names=user_names(session),
    )


def _written(answer: ContactPermission) -> str:
    return formats.phone(answer.address) if answer.channel in NUMBERS else answer.address
