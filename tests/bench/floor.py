"""The floor: fifty practices and their number in a bare table, with neither sign-in nor session nor layout.

No list page of the same data can be quicker with this web server and this database.
"""

import os

from flask import Flask
from jinja2 import Environment
from sqlalchemy import create_engine, text

app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"])
template = Environment(autoescape=True).from_string(
    "<!doctype html><title>Practices</title><h1>{{ total }} practices</h1><table>"
    "{% for row in rows %}<tr><td>{{ row.name }}<td>{{ row.city }}<td>{{ row.tier }}<td>{{ row.phone }}{% endfor %}"
    "</table>"
)


@app.get("/")
def practices() -> str:
    """The first page of practices."""
    with engine.connect() as connection:
        total = connection.scalar(text("SELECT count(*) FROM practice WHERE retired_on IS NULL"))
        rows = connection.execute(
            text("SELECT name, city, tier, phone FROM practice WHERE retired_on IS NULL ORDER BY name, id LIMIT 50")
        ).all()
    return template.render(total=total, rows=rows)
