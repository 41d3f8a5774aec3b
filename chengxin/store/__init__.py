"""The database: its tables, opening, reading and changing it, and who may do what there."""
