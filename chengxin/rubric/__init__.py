"""The regulation as data: the official wording, the rule and our reading of every scored line, loaded strictly."""
