"""Commands of the room directory: import an NPPES file, import a Doctors & Clinicians file."""

import json
from pathlib import Path
from typing import Any

import click

from crm.accounts.queries import find_organization
from crm.core import clock, engine, formats
from crm.core.commands import Commands
from crm.core.db import commit, db
from crm.core.errors import Invalid, RoundsError
from crm.directory import import_services
from crm.directory.import_models import DirectoryImport
from crm.directory.importing.counts import Counts
from crm.directory.importing.filters import read_filter
from crm.directory.importing.headers import recognize
from crm.directory.importing.importer import Progress, check_filter, run_import
from crm.directory.importing.reading import open_table
from crm.directory.importing.rows import FileKind, Reason, RowFilter

cli = Commands("directory", help="Import providers and practices from the public files of CMS.")
TELL_EVERY = 100_000
OPTIONS = (
    click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--state", multiple=True, help="Only this state, such as OH. May be given several times."),
    click.option("--zip", "zips", multiple=True, help="Only ZIP codes that begin so, such as 430. Several times."),
    click.option("--taxonomy", multiple=True, help="Only taxonomy codes that begin so, such as 207Q. Several times."),
    click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing."),
    click.option("--json", "as_json", is_flag=True, help="End with one line of JSON."),
)


def _with_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@cli.command("import-nppes")
@_with_options
def import_nppes(file: Path, **options: Any) -> None:
    """Import providers and practices from an NPPES file (npidata_pfile), plain or .gz."""
    _import(FileKind.NPPES, file, **options)


@cli.command("import-dac")
@_with_options
def import_dac(file: Path, **options: Any) -> None:
    """Import clinicians, groups and practices from a CMS Doctors & Clinicians file, plain or .gz."""
    _import(FileKind.DAC, file, **options)


def _import(
    kind: FileKind,
    file: Path,
    *,
    state: tuple[str, ...],
    zips: tuple[str, ...],
    taxonomy: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    organization = find_organization(db.session())
    clock.set_zone(organization.time_zone if organization else clock.DEFAULT_ZONE)
    db.session.rollback()
    try:
        wanted = read_filter(state, zips, taxonomy)
        counts, import_id = (_dry(kind, file, wanted), None) if dry_run else _write(kind, file, wanted)
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(_says(problem)) from None
    _tell(counts, is_dry=dry_run)
    if as_json:
        click.echo(json.dumps({"import": import_id, **counts.stored()}))


def _says(problem: RoundsError) -> str:
    several = " ".join(problem.fields.values()) if isinstance(problem, Invalid) else ""
    return several or problem.says or problem.title


def _dry(kind: FileKind, file: Path, wanted: RowFilter) -> Counts:
    engine.set_reading(on=True)
    with file.open("rb") as stream, open_table(stream) as table:
        layout = recognize(table.header, kind)
        return run_import(db.session(), layout, table.rows, wanted, lambda _: db.session.rollback(), is_dry=True)


def _write(kind: FileKind, file: Path, wanted: RowFilter) -> tuple[Counts, int]:
    with file.open("rb") as stream, open_table(stream) as table:
        layout = recognize(table.header, kind)
        check_filter(layout, wanted)
        import_id = import_services.begin_command(db.session(), kind, file.name, wanted).id
        commit()

        def checkpoint(now: Progress) -> None:
            import_services.keep_piece(db.session(), _batch(import_id), now)
            commit()
            if now.counts.read % TELL_EVERY == 0:
                click.echo(f"{formats.number(now.counts.read)} rows read", err=True)

        try:
            counts = run_import(db.session(), layout, table.rows, wanted, checkpoint)
        except RoundsError as problem:
            raise Invalid(_stop(import_id, _says(problem))) from None
        except KeyboardInterrupt:
            _stop(import_id, "Stopped by hand.")
            raise
    import_services.finish(db.session(), _batch(import_id))
    commit()
    return counts, import_id


def _batch(import_id: int) -> DirectoryImport:
    return db.session.get_one(DirectoryImport, import_id)


def _stop(import_id: int, why: str) -> str:
    """Keep the receipt of what is in; an import of which nothing went in leaves none."""
    db.session.rollback()
    batch = _batch(import_id)
    counts = Counts.of(batch.counts)
    if not counts.read:
        db.session.delete(batch)
        commit()
        return why
    says = import_services.stopped_words(counts, why)
    import_services.stop(db.session(), batch, says)
    commit()
    return f"{says} Run the import again when the file is whole: nothing goes in twice."


def _tell(counts: Counts, *, is_dry: bool) -> None:
    """The counts in words; they add up to the rows read."""
    parts = (
        (counts.added, "would be added" if is_dry else "added"),
        (counts.updated, "would be updated" if is_dry else "updated"),
        (counts.unchanged, "unchanged"),
        (counts.filtered, "filtered out"),
        (counts.refused, "refused"),
        (counts.blank, "blank"),
    )
    click.echo(
        f"{formats.plural(counts.read, 'row')}: " + ", ".join(f"{formats.number(n)} {word}" for n, word in parts)
    )
    for reason, rows in counts.reasons.most_common():
        click.echo(f"  refused: {Reason(reason).label} ({formats.plural(rows, 'row')})")
    click.echo(
        f"Providers added {formats.number(counts.providers_added)}, practices added "
        f"{formats.number(counts.practices_added)}, places of work added {formats.number(counts.affiliations_added)}."
    )
