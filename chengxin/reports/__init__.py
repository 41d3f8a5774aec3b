"""Each kind of report, named as its notebook; running one, and a batch of many."""
