"""Blueprint of the directory's pages; `views` fills it."""

from flask import Blueprint

bp = Blueprint("directory", __name__, url_prefix="/directory")
