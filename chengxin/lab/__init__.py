"""The rubric lab: pure functions with which pilot teams try rubrics and see what would change.

Everything takes a rubric (`load.load_rubric`) and observations (long frame as `score.score` takes it) and returns
frames; nothing here reads a database, draws a widget or looks at the clock. Each function says its statistic's source.

Sources: author, year, journal and pages were held against public catalogues and package documentation in November 2026
for Brown, Cai & DasGupta 2001, Cicchetti 1981, Cohen 1960, Gwet 2008, Paruolo, Saisana & Saltelli 2013, Saisana,
Saltelli & Tarantola 2005, Saltelli et al. 2010, Sobol 2001 and Wilson 1927; values of Gwet's package irrCAC and the
table of Krejcie & Morgan 1970 are tested. That the books exist was seen, not the chapters cited (unverified): Cochran
1977, Devroye 1986, OECD/JRC 2008. Of Booth, Butler & Hall 1994 the method was seen, not volume and pages (unverified);
of Krejcie & Morgan 1970 not the pages (unverified); Efron 1979 was seen in others' references only.

>>> from chengxin import lab
>>> lab.sample_size(1000)
278
"""

from chengxin.lab.agreement import Agreement, agreement, by
from chengxin.lab.assessors import compare, consistency
from chengxin.lab.lines import double_counting, line_statistics
from chengxin.lab.open_points import open_effect
from chengxin.lab.rank_intervals import RankIntervals, beats, leave_one_out, rank_intervals
from chengxin.lab.sample_size import margin_of_error, sample_size, survey_size
from chengxin.lab.variance import variance_shares
from chengxin.lab.variants import compare_variants, diff_in_yaml, save_variant, variant_yaml
from chengxin.lab.what_if import WhatIf, breaches, changed, readings_effect, what_if
from chengxin.rubric.diff import diff, diff_in_words

__all__ = [
    "Agreement", "RankIntervals", "WhatIf", "agreement", "beats", "breaches", "by", "changed", "compare",
    "compare_variants", "consistency", "diff", "diff_in_words", "diff_in_yaml", "double_counting", "leave_one_out",
    "line_statistics", "margin_of_error", "open_effect", "rank_intervals", "readings_effect", "sample_size",
    "save_variant", "survey_size", "variance_shares", "variant_yaml", "what_if",
]  # fmt: skip
