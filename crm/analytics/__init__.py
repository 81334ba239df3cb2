"""Analytics: referral growth, sources, revenue, service and outreach, in charts whose numbers can be defended."""
