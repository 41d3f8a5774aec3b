"""Quarterly filings of monitoring points (附件2), judged: complete, in time, true to the ledgers."""
