"""Facts kept in ledgers, measured for the rubric's lines: instruments, complaints, surveys, weighings, the plan."""
