"""The HTTP client of the tests: each request runs as in a server, apart from the test that sends it."""

from contextvars import Context
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import db


class SeparateClient(FlaskClient):
    """Gives every request its own application context, so nothing of the test leaks into the request or back.

    Without this, Flask would reuse the test's context: the request would share `g` (with the person who is signed
    in) and the database session with the test, and forgotten commits would pass.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Commit what the test made, so that the request sees it; send it and read all of the answer."""
        kwargs.setdefault("buffered", True)  # closes the files that are sent
        if self.preserve_context:  # inside "with client:" the test asks to look into the request's context
            return super().open(*args, **kwargs)
        if has_app_context():
            db.session.commit()
        return Context().run(super().open, *args, **kwargs)
