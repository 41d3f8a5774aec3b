"""The rubric lab as pages: change a rule and see what happens."""
