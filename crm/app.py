"""Puts the house together: settings, extensions, every room's pages, commands and jobs."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask, g, request, url_for
from flask_compress import Compress
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, Config, make_directory
from crm import navigation
from crm.accounts import admin_views as admin
from crm.accounts import cli as accounts_cli
from crm.accounts import guard
from crm.accounts import views as accounts
from crm.analytics import views as analytics
from crm.audit import trail
from crm.audit import views as audit
from crm.core import clock, engine, error_pages, formats, logs, security
from crm.core.db import db
from crm.core.web import DatabaseId, asset
from crm.demo import cli as demo_cli
from crm.directory import cli as directory_cli
from crm.directory import import_views as directory_imports
from crm.directory import jobs as directory_jobs
from crm.directory import views as directory
from crm.doctor import doctor
from crm.exports import jobs as exports_jobs
from crm.exports import views as exports
from crm.home import views as home
from crm.jobs import queries as jobs_queries
from crm.jobs import views as jobs
from crm.jobs.run import Handler
from crm.meetings import views as meetings
from crm.referrals import cli as referrals_cli
from crm.referrals import jobs as referrals_jobs
from crm.referrals import views as referrals
from crm.referrals.market import jobs as market_jobs
from crm.referrals.market import views as market
from crm.route_planning import views as route_planning
from crm.serve import serve, work
from crm.tasks import queries as tasks_queries
from crm.tasks import views as tasks
from crm.visits import views as visits

BLUEPRINTS = (
    accounts.bp, admin.bp, home.bp, directory.bp, directory_imports.bp, visits.bp, meetings.bp, tasks.bp,
    route_planning.bp, referrals.bp, market.bp, analytics.bp, exports.bp, jobs.bp, audit.bp,
)  # fmt: skip
COMMANDS = (accounts_cli.cli, directory_cli.cli, referrals_cli.cli, demo_cli.cli, serve, work, doctor)
JOB_HANDLERS: dict[str, Handler] = {
    **directory_jobs.HANDLERS,
    **referrals_jobs.HANDLERS,
    **market_jobs.HANDLERS,
    **exports_jobs.HANDLERS,
}


def create_app(config: Config | None = None) -> Flask:
    """Make the application. Refuses to start with a bad setting or with a page that declares no permission."""
    security.leave_no_core_image()
    config = config or Config.from_env()
    app = Flask(__name__, root_path=str(ROOT), instance_path=str(config.data_dir))
    app.config.from_mapping(config.flask_settings())
    app.url_map.converters["int"] = DatabaseId
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine.engine_options(config.database_url)
    make_directory(config.data_dir)  # it holds people's addresses
    logs.configure(config.log_level)
    _add_extensions(app, config)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
    app.extensions["job_handlers"] = JOB_HANDLERS
    error_pages.install(app, guard.record_refusal)
    _add_template_words(app)
    guard.check_declared(app)
    return app


def _add_extensions(app: Flask, config: Config) -> None:
    if config.proxy_hops:
        hops = config.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    security.install(app, hsts=config.secure_cookies, tiles=config.map_tiles_url)
    db.init_app(app)
    with app.app_context():
        engine.configure(db.engine)
    Migrate(app, db, directory=str(Path(ROOT) / "migrations"), render_as_batch=True)
    trail.install()
    guard.install(app)
    CSRFProtect(app)
    Compress(app)


def _add_template_words(app: Flask) -> None:
    app.jinja_env.filters.update(formats.FILTERS)
    # Globals, not words of the context: macros see only these.
    app.jinja_env.globals.update(asset=asset, csp_nonce=security.csp_nonce)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    config: Config = app.config["ROUNDS"]
    tiles = {"url": config.map_tiles_url, "credit": config.map_tiles_attribution} if config.map_tiles_url else None

    @app.context_processor
    def words() -> dict[str, object]:
        # The page of an error of the database asks it for nothing: that would wait, or fail, once more.
        is_bare = "is_without_database" in g
        viewer = None if is_bare else guard.find_viewer()
        endpoint = request.endpoint or ""
        link: Callable[[str], str] = url_for
        return {
            "viewer": viewer,
            "organization": None if is_bare else getattr(g, "organization", None),
            "navigation": navigation.menu(viewer, endpoint, link, _badges()) if viewer else [],
            "quick_add": navigation.quick_add(viewer, link) if viewer else [],
            "tab_bar": navigation.tab_bar(viewer, endpoint, link) if viewer else [],
            "tray_running": jobs_queries.count_running(db.session(), viewer) if viewer else 0,
            "theme": request.cookies.get("theme", "system"),
            "today": clock.today(),
            "map_tiles": tiles,
            "person_menu": [{"label": "Your account", "icon": "person", "url": url_for("accounts.account")}],
            "idle_minutes": config.idle_minutes,
        }


def _badges() -> dict[str, int]:
    viewer = guard.current_viewer()
    due = tasks_queries.count_due(db.session(), viewer) if viewer.may("tasks.view") else 0
    return {"tasks.tasks": due} if due else {}
