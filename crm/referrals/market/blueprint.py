"""Blueprint of the pages of market data; `views` fills it."""

from flask import Blueprint

bp = Blueprint("market", __name__, url_prefix="/referrals/market")
