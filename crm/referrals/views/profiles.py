"""Profiles: how the files of each sending system are read; listed, changed, deleted, and used on a check page."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, page
from crm.referrals import import_queries, import_services, profile_queries, profile_services
from crm.referrals.blueprint import bp
from crm.referrals.correction_forms import STATUSES, key_of
from crm.referrals.forms import ProfileForm, ProfileNameForm, optional_id
from crm.referrals.importing import preview
from crm.referrals.importing.headers import Target
from crm.referrals.importing.profiles import Saved
from crm.referrals.models import MappingProfile
from crm.referrals.views.import_check import answer_check, answer_refused, check_soon, sent_targets

NOTHING, FORGET = ("", "Not said"), ("forget", "Forget this word")
MEANINGS = {NOTHING[0], *dict(STATUSES)}


@bp.get("/profiles")
@allow(Permission.REFERRALS_IMPORT)
def profiles() -> ResponseReturnValue:
    """All profiles, the last used first."""
    return page("referrals/profiles.html", uses=profile_queries.list_uses(db.session(), current_viewer()))


@bp.route("/profiles/<int:profile_id>/edit", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def profile_edit(profile_id: int) -> ResponseReturnValue:
    """Change a profile's name, what it makes of columns, and what it says in place of the file."""
    profile = profile_queries.get_profile(db.session(), current_viewer(), profile_id)
    saved = profile_queries.saved_of(profile)
    said = {"name": saved.name, "service_line": saved.options.service_line, "site": saved.options.site}
    form = ProfileForm(data={**said, "day_first": "day" if saved.options.day_first else ""})
    chosen, meanings = sent_targets(len(saved.columns)), _sent_meanings(saved)
    if form.is_sent():
        with form.problems():
            profile_services.change_profile(db.session(), profile, form.typed("name"), chosen, form.options(), meanings)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("referrals.profiles"))
    columns = [(column.header, chosen.get(place, column.target)) for place, column in enumerate(saved.columns)]
    return page(
        "referrals/profile_edit.html", form=form, profile_id=profile_id, name=saved.name, grain=saved.grain,
        columns=columns, targets=preview.target_groups(saved.grain, [header for header, _ in columns]),
        meanings=_meanings_shown(saved),
    )  # fmt: skip


def _meanings_shown(saved: Saved) -> list[dict[str, Any]]:
    """Each word that has a meaning, with its field; what was sent of it stands there again."""
    return [
        {
            "header": column.header, "word": word, "field": _field_of(place, word),
            "chosen": request.form.get(_field_of(place, word), means),
            "choices": [NOTHING, *(STATUSES if column.target is Target.STATUS else ()), FORGET],
        }
        for place, column in enumerate(saved.columns)
        for word, means in column.meanings
    ]  # fmt: skip


def _sent_meanings(saved: Saved) -> dict[int, dict[str, str]]:
    """What the words of each column mean, by its place, without those that are to be forgotten."""
    return {
        place: {
            word: sent if sent in MEANINGS else means
            for word, means in column.meanings
            if (sent := request.form.get(_field_of(place, word), means)) != FORGET[0]
        }
        for place, column in enumerate(saved.columns)
    }


def _field_of(place: int, word: str) -> str:
    return f"means-{place}-{key_of(word)}"


@bp.post("/profiles/<int:profile_id>/delete")
@allow(Permission.REFERRALS_IMPORT)
def profile_delete(profile_id: int) -> ResponseReturnValue:
    """Delete a profile; its imports stay."""
    profile = profile_queries.get_profile(db.session(), current_viewer(), profile_id)
    profile_services.delete_profile(db.session(), profile)
    commit()
    flash("Deleted. What was imported by it stays.", "good")
    return redirect(url_for("referrals.profiles"))


@bp.post("/imports/<int:import_id>/profile")
@allow(Permission.REFERRALS_IMPORT)
def import_profile(import_id: int) -> ResponseReturnValue:
    """Read a waiting file as another profile says, or as was guessed, and check it again."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    try:
        import_services.apply_profile(db.session(), batch, _chosen_profile(), by=viewer)
    except Invalid as problem:
        return answer_refused(import_id, problem)
    commit()
    check_soon(import_id)
    return answer_check(import_id)


def _chosen_profile() -> MappingProfile | None:
    chosen = optional_id(request.form.get("profile_id"))
    return profile_queries.get_profile(db.session(), current_viewer(), chosen) if chosen else None


@bp.post("/imports/<int:import_id>/save-profile")
@allow(Permission.REFERRALS_IMPORT)
def import_save_profile(import_id: int) -> ResponseReturnValue:
    """Keep how a waiting file is read as a profile."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    form = ProfileNameForm()
    if not form.is_sent():
        return answer_refused(import_id, Invalid(name=" ".join(form.errors.get("name", ["Give it a name."]))))
    profile_services.save_profile(db.session(), batch, form.typed("name"))
    commit()
    return answer_check(import_id)
