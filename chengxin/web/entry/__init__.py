"""Forms in which people enter assessments, filings and ledgers."""
