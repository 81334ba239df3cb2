"""Blueprint of the home pages: today, overview, lists, first steps and search."""

from flask import Blueprint

bp = Blueprint("home", __name__)
