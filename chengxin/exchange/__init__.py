"""Files in and out: CSV, pasted tables, workbooks, other systems' exports."""
