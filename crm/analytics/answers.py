"""What each chart of the catalog answers with: one function per name."""

from collections.abc import Callable

from crm.analytics import growth, lifecycle, outreach, revenue, service, sources
from crm.analytics.question import Answer, Question

ANSWERS: dict[str, Callable[[Question], Answer]] = {
    "referrals-by-month": growth.by_month,
    "year-to-date": growth.to_date,
    "sources": sources.ranking,
    "growing-sources": sources.growing,
    "declining-sources": sources.declining,
    "revenue-by-month": revenue.by_line,
    "revenue-by-source": revenue.by_source,
    "referrals-by-status": service.by_status,
    "time-to-appointment": service.waiting_time,
    "wait-by-month": service.wait_by_month,
    "wait-by-site": service.wait_by_site,
    "wait-by-payer": service.wait_by_payer,
    "wait-by-source": service.wait_by_source,
    "seen-by-month": lifecycle.seen_by_month,
    "seen-by-line": lifecycle.seen_by_line,
    "report-by-month": lifecycle.report_by_month,
    "report-by-line": lifecycle.report_by_line,
    "visits-and-referrals": outreach.beside_visits,
    "most-visited": outreach.most_visited,
}
