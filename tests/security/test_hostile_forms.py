"""No form breaks on what is sent in it: every field of every form, with values that no field expects."""

from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import Tag
from flask import Flask

from tests.cast import Cast
from tests.pages import filled_in
from tests.security.forms import add_north, forms_of

VALUES: tuple[Any, ...] = (
    "a\x00b", b"\xed\xa0\x80", "x" * 20_000, "0001-01-01", "9999-12-31", "2026-02-30", "-1", "1e309", "NaN", "Infinity",
    "99999999999999999999", "\u0661\u00b2", "25:99", "' OR 1=1 --", "%_\\", "provider-99999999999999999999",
    "=cmd|' /C calc'!A0", "\u202eabc\r\nX-Header: y", ["1", "x", "1"],
)  # fmt: skip
FINE = {200, 302, 303, 400, 403, 404, 409, 413, 422, 429}


def tries(form: Tag) -> Iterator[dict[str, Any]]:
    """A form with a hostile value in all of its fields, and in each of them alone."""
    plain = {name: value for name, value in filled_in(form).items() if name != "csrf_token"}
    names = sorted({str(tag["name"]) for tag in form.find_all(attrs={"name": True})} - {"csrf_token"})
    for value in VALUES:
        yield dict.fromkeys(names, value)
    for number, name in enumerate(names):
        yield {**plain, name: VALUES[number % len(VALUES)]}
        yield {key: plain[key] for key in plain if key != name}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["maren", "adam"])
def test_no_form_breaks(app: Flask, cast: Cast, database: Any, sign_in: Any, name: str) -> None:
    ids = {**add_north(database(), cast), "user_id": cast.dana.id, "territory_id": cast.north.id}
    browser = sign_in(cast.everybody[name])
    token, faults, sent = browser.csrf(), [], 0
    viewer = cast.viewer(cast.everybody[name])
    for target, form in list(forms_of(app, browser, viewer, cast, ids)):
        for values in tries(form):
            sent += 1
            try:
                status = browser.raw.post(target, data={**values, "csrf_token": token}).status_code
            except Exception as problem:  # noqa: BLE001 an exception is what is looked for
                status = repr(problem)[:300]
            if status not in FINE:
                faults.append(f"{target} {str(values)[:300]}: {status}")
    assert sent > (300 if name != "adam" else 60), sent
    assert not faults, "\n".join(faults)
