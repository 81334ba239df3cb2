"""What the worker does for this room: make the file of an export."""

from crm.core import clock, engine
from crm.core.db import commit, db, write_transaction
from crm.directory.models import Channel
from crm.exports import file_maker, people_queries, queries, services
from crm.exports.filters import read_filter
from crm.jobs.run import Handler, Run


def run_export(run: Run) -> None:
    """Decide anew who may come out, write the file, keep it with its receipt. Run again, it starts over."""
    export = queries.get_export(db.session(), run.viewer, int(run.payload["export_id"]))
    export_id, filters = export.id, read_filter(export.filters)
    plan = file_maker.Plan(
        export.title, Channel(export.channel), list(export.columns), export.file_format, export.purpose,
        list(export.in_words), run.viewer.name, clock.today(),
    )  # fmt: skip
    db.session.rollback()
    # Reading a long list must not keep others from writing.
    engine.set_reading(on=True)
    sifted = people_queries.sift_list(db.session(), run.viewer, filters, clock.today())
    total = sifted.exported
    content = file_maker.make_content(
        db.session(), plan, sifted, lambda done: run.progress(done, total, file_maker.progress_words(done, total))
    )
    made = services.Made(
        file_maker.file_name(plan), content, file_maker.make_suppression(plan, sifted), total, sifted.held_back
    )
    write_transaction()
    services.remove_old_files(db.session())
    services.keep_file(db.session(), queries.get_export(db.session(), run.viewer, export_id), made)
    commit()
    run.finish(says=f"{total:,} people, {sifted.suppressed:,} held back", url=f"/exports/{export_id}")


HANDLERS: dict[str, Handler] = {services.KIND: run_export}
