"""Pages of the room accounts that everybody has: signing in and out, one's own account, theme."""

import flask
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm.accounts import queries, services, sign_in
from crm.accounts.forms import PasswordForm, SignInForm
from crm.accounts.guard import current_viewer, find_viewer, limits
from crm.accounts.models import UserSession
from crm.audit.models import Action
from crm.audit.trail import Actor, record
from crm.core.db import commit, db, separate_transaction
from crm.core.errors import NotFound
from crm.core.security import request_id
from crm.core.web import page, public, safe_next, signed_in

bp = Blueprint("accounts", __name__)


NO_MATCH = "That email and password do not match an account that can sign in."
EXPIRED = "This temporary password has expired. An administrator can give you a new one."


@bp.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
@public
def sign_in_page() -> ResponseReturnValue:
    """Sign in."""
    if find_viewer() is not None:
        return redirect(url_for("home.index"))
    form = SignInForm(next=request.args.get("next"))
    if form.is_sent():
        address = request.remote_addr or ""
        user = sign_in.find_signing_in(form.typed("email"), form.typed("password"), address)
        if user is not None and not sign_in.is_expired(user):
            return _begin(user.id, form, address)
        _record_failure(form.typed("email"), address)
        form.form_errors.append(EXPIRED if user else NO_MATCH)
    return page("accounts/sign_in.html", form=form)


def _record_failure(email: str, address: str) -> None:
    """Name the account that was tried, never what was typed: that may be a password in the wrong field."""
    with separate_transaction() as session:
        known = sign_in.find_account(session, email)
        record(
            session, Action.SIGN_IN_FAILED, "user_account", object_id=known.id if known else None,
            label=known.name if known else "", actor=Actor(None, "", address, request_id()),
            failures_in_a_row=sign_in.failures_in_a_row(session, email),
        )  # fmt: skip


def _begin(user_id: int, form: SignInForm, address: str) -> ResponseReturnValue:
    user = queries.get_user(db.session(), user_id)
    token = sign_in.start_session(
        db.session(), user, password=form.typed("password"), address=address, device=request.user_agent.string
    )
    sign_in.sweep(db.session(), limits())
    actor = Actor(user.id, user.name, address, request_id())
    record(db.session(), Action.SIGNED_IN, "user_account", object_id=user.id, label=user.name, actor=actor)
    commit()
    target = safe_next(form.next.data, url_for("home.index"))
    flask.session.clear()
    flask.session["token"] = token
    return redirect(target)


@bp.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    """Sign out: the sign-in's row is deleted, so a copied cookie is worth nothing."""
    viewer = current_viewer()
    row = db.session.get(UserSession, current_user.session_id)
    if row is not None:
        db.session.delete(row)
    record(db.session(), Action.SIGNED_OUT, "user_account", object_id=viewer.id, label=viewer.name)
    commit()
    flask.session.clear()
    response = flask.make_response(redirect(url_for("accounts.sign_in")))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """One's own account: name, roles, where one is signed in."""
    user = queries.get_user(db.session(), current_viewer().id or 0)
    return page(
        "accounts/account.html",
        user=user,
        sessions=queries.list_sessions(db.session(), user.id),
        session_id=current_user.session_id,
    )


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in
def password() -> ResponseReturnValue:
    """Change one's own password."""
    form = PasswordForm()
    if form.is_sent():
        with form.problems():
            user = queries.get_user(db.session(), current_viewer().id or 0)
            email = user.email
            sign_in.check_throttle(db.session(), email, request.remote_addr or "")
            services.change_password(
                db.session(),
                user,
                current=form.typed("current"),
                new=form.typed("password"),
                keep_session=current_user.session_id,
            )
            commit()
            flash("Password changed. Every other device was signed out.", "good")
            return redirect(url_for("home.index"))
        if form.current.errors:
            with separate_transaction() as session:
                sign_in.note_failure(session, email, request.remote_addr or "")
    return page("accounts/password.html", form=form, must_change=current_user.must_change_password)


@bp.post("/account/sessions/<int:session_id>/end")
@signed_in
def session_end(session_id: int) -> ResponseReturnValue:
    """Sign one of one's own devices out."""
    row = db.session.get(UserSession, session_id)
    if row is None or row.user_id != current_viewer().id:
        raise NotFound
    db.session.delete(row)
    commit()
    flash("That device was signed out.", "good")
    return redirect(url_for("accounts.account"))
