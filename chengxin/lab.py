"""The rubric lab: pure functions with which pilot teams try rubrics and see what would change.

Everything takes a rubric (`rubric.load_rubric`) and observations (long frame as `scoring.score` takes it) and returns
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

from chengxin.agreement import Agreement, by
from chengxin.agreement import agree as agreement
from chengxin.changing import breaches, changed
from chengxin.consistency import compare, consistency
from chengxin.diff import diff, diff_in_words
from chengxin.linestats import double_counting, line_statistics
from chengxin.openpoints import open_effect
from chengxin.robustness import RankIntervals, beats, leave_one_out, rank_intervals
from chengxin.samplesize import margin_of_error, sample_size, survey_size
from chengxin.variance import variance_shares
from chengxin.variantfile import compare_variants, diff_in_yaml, save_variant, variant_yaml
from chengxin.whatif import WhatIf, readings_effect, what_if

__all__ = [
    "Agreement", "RankIntervals", "WhatIf", "agreement", "beats", "breaches", "by", "changed", "compare",
    "compare_variants", "consistency", "diff", "diff_in_words", "diff_in_yaml", "double_counting", "leave_one_out",
    "line_statistics", "margin_of_error", "open_effect", "rank_intervals", "readings_effect", "sample_size",
    "save_variant", "survey_size", "variance_shares", "variant_yaml", "what_if",
]  # fmt: skip
