"""Frames made visible: charts, tables, HTML, PDF, Word, Excel."""
