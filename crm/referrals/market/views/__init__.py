"""Pages of market data, one file per kind of thing; importing them fills the blueprint."""

from crm.referrals.market.blueprint import bp
from crm.referrals.market.views import files, our_npis, shares

__all__ = ["bp", "files", "our_npis", "shares"]
