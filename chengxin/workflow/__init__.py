"""The steps of an assessment, a filing and a decision; what scoring takes from the database."""
