"""Market data: public counts of patients that two providers share. They stand apart from our own referrals, always."""
