"""Files of referrals: read, freed of patients, mapped, checked, imported, taken back."""
