"""Voilà pages and the site that serves them."""
