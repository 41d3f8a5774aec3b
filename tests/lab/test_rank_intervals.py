"""Draws, ranks and their intervals against naive loops; what must not vary does not; sums by construction."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata import SCENIC, STREET, observed
from scipy.stats import beta, rankdata

from chengxin import lab
from chengxin.errors import MissingExtraError, UsageError
from chengxin.lab.draws import merchants_drawn, points_drawn, sampled, shares_drawn, survey_drawn
from chengxin.lab.panel import by_rows, panel
from chengxin.lab.rank_intervals import MOST_RANKED, overlaps
from chengxin.rubric.model import groups
from chengxin.scoring.ranking import placed, rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

SEEDS = st.integers(0, 10**6)


def test_where_all_merchants_were_inspected_a_line_of_some_of_them_does_not_vary():
    frame = observed(STREET, 2, 3)
    counts = {"8.1": (15.0, 20.0), "9.6": (5.0, 8.0)}
    rest = frame[~frame["line"].isin({line.id for line in STREET.lines if "merchants" in line.readings})]
    rows = [{"assessment": name, "line": line, "value": value, "of": of, "outcome": "assessed"}
            for name in ("A00", "A01") for line, (value, of) in counts.items()]  # fmt: skip
    left = frame[frame["line"].isin({line.id for line in STREET.lines if "merchants" in line.readings} - set(counts))]
    whole = pd.concat([rest, left.assign(value=20.0, of=20.0), pd.DataFrame(rows)], ignore_index=True)
    found = panel(STREET, whole)
    for everybody, varies in ((20.0, False), (40.0, True)):
        drawn = shares_drawn(np.random.default_rng(1), found, 50, ("merchants",), np.full(2, everybody))
        assert any(np.ptp(shares, axis=0).any() for shares in drawn.values()) == varies


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=5))
def test_ranks_share_ties_as_scipy_does(rows):
    assert (placed(np.array(rows, float)) == rankdata(-np.array(rows), "min", axis=1)).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["full", "rescale", "zero"]), st.booleans())
def test_a_draw_is_scoring_with_those_points(seed, idle, ties):
    """Lines whose points are a multiple of the share reached score alike, whoever changes the points."""
    rubric = STREET.with_readings({"not_applicable": idle, "red_line": "cap", "bonus_cap": 4, "ceiling": 95})
    frame = observed(rubric, 5, seed, missing=0.01, idle=0.15, ties=ties)
    frame = frame[~frame["line"].isin(["2.1", "6.1"])]
    marks = frame[frame["line"] == "1.1"].assign(value=5.0, of=5.0, outcome="assessed")
    frame = pd.concat([frame, *(marks.assign(line=line, of=np.nan) for line in ("2.1", "6.1"))], ignore_index=True)
    found = panel(rubric, frame)
    weights = points_drawn(np.random.default_rng(seed), rubric, 1)[0].round(3)
    base = [line.id for line in rubric.lines if line.section == "base"]
    changes = {line: {"points": weight} for line, weight in zip(base, weights, strict=True) if weight > 0}
    marks_at = frame["line"].isin(["2.1", "6.1"])
    scaled = frame.copy()
    scaled.loc[marks_at, "value"] = scaled.loc[marks_at, "line"].map(dict(zip(base, weights, strict=True)))
    whole = totals(score(lab.changed(rubric, changes), scaled))
    expected = whole.loc[whole["complete"], "unrounded"].to_numpy()
    assert np.allclose(found.totals(weights[None])[0], expected, atol=1e-9)


@pytest.mark.parametrize("by", ["line", "group"])
@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic_area"])
def test_points_sum_to_full_marks_with_the_official_mean_and_the_known_spread(by, rubric):
    drawn = points_drawn(np.random.default_rng(7), rubric, 20_000, by, 400)
    official = np.array([line.points for line in rubric.lines if line.section == "base"])
    assert np.allclose(drawn.sum(axis=1), 100)
    assert np.allclose(drawn.mean(axis=0), official, rtol=0.02)
    members = groups(rubric)
    parts = [places for _, places in members] if by == "group" else [[n] for n in range(len(official))]
    for places in parts:
        share = official[places].sum() / 100
        spread = drawn[:, places].sum(axis=1).std() / 100
        assert np.isclose(spread, np.sqrt(share * (1 - share) / 401), rtol=0.03)
    if by == "group":
        assert np.allclose(drawn[:, members[-1][1]] / drawn[:, members[-1][1][:1]], drawn[0, members[-1][1]] / drawn[0, members[-1][1][0]])  # fmt: skip  # noqa: E501


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from([("points",), ("merchants",), ("points", "merchants", "surveys")]))
def test_intervals_are_the_quantiles_of_the_naive_ranks(seed, ties, vary):
    frame = observed(STREET, 5, seed, missing=0.01, ties=ties)
    found = lab.rank_intervals(STREET, frame, 60, seed, vary=vary, confidence=80)
    complete = totals(score(STREET, frame)).query("complete")
    assert set(found.table["assessment"]) | set(found.incomplete) == set(frame["assessment"])
    assert len(found.table) == len(complete)
    share = lab.beats(STREET, frame, 60, seed, vary=vary)
    ids = list(found.table["assessment"])
    for n, row in enumerate(found.table.itertuples()):
        assert 1 <= row.low <= row.median <= row.high <= len(ids)
        assert (
            row.overlaps
            == sum(other.low <= row.high and row.low <= other.high for other in found.table.itertuples()) - 1
        )
        if n + 1 < len(ids):
            assert row.beats_next == share.loc[ids[n], ids[n + 1]]
        assert (row.note == "名次不可区分") == (row.overlaps > 0)


def test_intervals_by_hand():
    """The same draws made one by one, ranked by `ranking.rank`'s rule, quantiles by numpy's inverted distribution."""
    frame = observed(STREET, 6, 11)
    found = lab.rank_intervals(STREET, frame, 40, 5, confidence=90)
    rng = np.random.default_rng(np.random.SeedSequence(5).spawn(1)[0])
    own = panel(STREET, frame)
    weights = points_drawn(rng, STREET, 40)
    ranks = np.array([rankdata(-(own.share @ weight + own.rest).round(9), "min") for weight in weights])
    ends = np.quantile(ranks, [0.05, 0.5, 0.95], axis=0, method="inverted_cdf")
    table = found.table.set_index("assessment").loc[own.ids]
    assert (ends == table[["low", "median", "high"]].to_numpy().T).all()
    assert (table["rank"].to_numpy() == rank(own.results).to_numpy()).all()


def test_the_same_seed_gives_the_same_and_another_does_not():
    frame = observed(STREET, 8, 2)
    one, again, other = (lab.rank_intervals(STREET, frame, 3000, seed).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_equal_areas_share_every_rank():
    frame = observed(STREET, 2, 4)
    frame = pd.concat([frame, frame.assign(assessment=frame["assessment"] + "b")], ignore_index=True)
    table = lab.rank_intervals(STREET, frame, 500, 1).table
    for name in ("A00", "A01"):
        pair = table[table["assessment"].isin([name, name + "b"])]
        assert pair[["rank", "low", "high"]].drop_duplicates().shape[0] == 1
        assert pair["note"].iloc[0] == "名次不可区分"


def test_nothing_is_ranked_where_nothing_is_complete():
    found = lab.rank_intervals(STREET, observed(STREET, 3, 1, missing=0.9), 10, 1)
    assert found.table.empty
    assert found.incomplete == ["A00", "A01", "A02"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 4)), min_size=1, max_size=12))
def test_overlaps_are_counted(pairs):
    low = np.array([a for a, _ in pairs])
    high = low + [b for _, b in pairs]
    naive = [sum(low[j] <= high[i] and low[i] <= high[j] for j in range(len(low)) if j != i) for i in range(len(low))]
    assert overlaps(low, high).tolist() == naive


def test_bootstrap_of_merchants():
    rng = np.random.default_rng(3)
    value, of = np.array([18.0, 18.0, 18.0, 20.0]), np.full(4, 20.0)
    drawn = merchants_drawn(rng, value, of, 20_000, np.array([np.nan, 20, 45, 100]))
    assert (drawn <= of).all()
    assert (drawn == np.rint(drawn)).all()
    assert np.allclose(drawn.mean(axis=0), value, atol=0.05)
    assert np.isclose(drawn[:, 0].var(), 20 * 0.9 * 0.1, rtol=0.05)  # binomial
    assert (drawn[:, 1] == 18).all()  # all were inspected
    assert 0 < drawn[:, 2].var() < drawn[:, 0].var()  # finite population: narrower
    assert (drawn[:, 3] == 20).all()  # the bootstrap cannot show what it never saw


def test_survey_draws_have_jeffreys_posterior():
    drawn = survey_drawn(np.random.default_rng(1), np.array([285.0]), np.array([300.0]), 40_000)[:, 0] / 300
    ends = beta.ppf([0.025, 0.975], 285.5, 15.5)
    assert np.allclose(np.quantile(drawn, [0.025, 0.975]), ends, atol=0.001)


def test_only_counts_of_samples_vary():
    frame = observed(STREET, 4, 6)
    own = panel(STREET, frame)
    lines = {STREET.lines[own.places[n]].id: kind for n, kind in sampled(own)}
    assert lines["12.1"] == "surveys"
    assert lines["9.1"] == "merchants"
    assert not {"1.1", "4.1", "5.1", "3.1"} & set(lines)


@pytest.mark.parametrize(
    "how",
    [
        {"draws": 0}, {"draws": 10**7}, {"vary": ()}, {"vary": ("weather",)}, {"by": "moon"}, {"concentration": 0},
        {"concentration": float("nan")}, {"confidence": 100}, {"draws": 10.5}, {"draws": float("nan")}, {"seed": -1},
        {"seed": 1.5}, {"population": {"A00": -3}}, {"population": {"A00": 2.5}},
        {"population": {"A00": float("inf")}}, {"confidence": float("nan")},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(how):
    with pytest.raises(UsageError, match=r"应为|集中度"):
        lab.rank_intervals(STREET, observed(STREET, 2, 1), **{"draws": 10, "seed": 1, **how})


def test_pairs_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match="没有或不完整的：B99"):
        lab.beats(STREET, observed(STREET, 2, 1), 10, 1, only=["A00", "B99"])


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_leaving_a_line_out_is_ranking_without_it(seed):
    frame = observed(STREET, 6, seed)
    found = lab.leave_one_out(STREET, frame).set_index("line")
    own = panel(STREET, frame)
    whole = rankdata(-own.results["unrounded"].round(9), "min")
    assert sorted(found.index) == sorted(line.id for line in STREET.lines if line.section == "base")
    for n, place in enumerate(own.places):
        total = own.share @ own.points - own.share[:, n] * own.points[n] + own.rest
        off = np.abs(rankdata(-np.maximum(total, 0).round(9), "min") - whole)
        row = found.loc[STREET.lines[place].id]
        assert (row["reranked"], row["most_places"]) == ((off > 0).sum(), off.max())


def test_variance_shares_find_the_group_that_decides():
    """Two areas that lost points in one group each, 3 and 2 points: only these groups can turn the order."""
    frame = observed(SCENIC, 1, 1)
    frame = frame[frame["assessment"] == "A00"]
    base = [line for line in SCENIC.lines if line.section == "base"]
    full = {line.id: (5.0 if line.rule.needs_of else 0.0 if line.rule.kind == "per_unit" else 1.0) for line in base}
    frame = frame.assign(value=frame["line"].map(full).fillna(0.0), of=5.0, outcome="assessed")
    lost = {"A": ["1.1"], "B": ["4.1"]}
    parts = [frame.assign(assessment=name, value=frame["value"].mask(frame["line"].isin(ids), 0.0))
             for name, ids in lost.items()]  # fmt: skip
    found = lab.variance_shares(SCENIC, pd.concat(parts, ignore_index=True), 512, 3)
    assert set(found["group"][:2]) == {"建档完整", "完善设施"}
    assert (found["total"][:2] > 0.4).all()
    assert np.allclose(found["total"][2:], 0, atol=1e-9)
    again = lab.variance_shares(SCENIC, pd.concat(parts, ignore_index=True), 512, 3)
    pd.testing.assert_frame_equal(found, again)


def test_variance_shares_are_those_of_gamma_draws_estimated_another_way():
    """Jansen's estimator on plain random draws of independent gammas, ranks by SciPy."""
    frame = observed(STREET, 8, 4)
    found = lab.variance_shares(STREET, frame, 1024, 3).set_index("group")
    own, known, rng = panel(STREET, frame), groups(STREET), np.random.default_rng(9)
    points = np.array([own.points[places].sum() for _, places in known])
    inside = np.concatenate([own.points[places] / own.points[places].sum() for _, places in known])
    group = np.repeat(np.arange(len(known)), [len(places) for _, places in known])
    official = rankdata(-own.results["unrounded"].round(9), "min")

    def shift(gamma):
        weights = 100 * (gamma / gamma.sum(axis=1, keepdims=True))[:, group] * inside
        totals = np.maximum(weights @ own.share.T + own.rest, 0).round(9)
        return np.abs(rankdata(-totals, "min", axis=1) - official).mean(axis=1)

    one, two = (rng.gamma(4 * points, size=(8000, len(points))) for _ in range(2))
    first = shift(one)
    for n, (name, _) in enumerate(known):
        mixed = one.copy()
        mixed[:, n] = two[:, n]
        total = ((first - shift(mixed)) ** 2).mean() / 2 / first.var()
        assert abs(found.loc[name, "total"] - total) < 0.06, name


def test_variance_shares_without_any_change_of_rank_are_missing():
    frame = observed(SCENIC, 1, 1)
    assert lab.variance_shares(SCENIC, frame, 4, 1)[["first", "total"]].isna().all(axis=None)


def test_the_library_for_variance_shares_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "SALib.sample.sobol", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chengxin\[lab\]'"):
        lab.variance_shares(SCENIC, observed(SCENIC, 2, 1), 4, 1)


@pytest.mark.parametrize("size", [0, 3, 2**15])
def test_a_sample_that_sobol_cannot_balance_is_refused(size):
    with pytest.raises(UsageError, match="2的整数次幂"):
        lab.variance_shares(SCENIC, observed(SCENIC, 2, 1), size, 1)


def test_more_than_can_be_ranked_together_are_refused_before_any_memory_is_taken():
    one = observed(STREET, 1, 1)
    many = MOST_RANKED + 1
    frame = pd.concat([one] * many, ignore_index=True)
    frame["assessment"] = np.repeat([f"A{n}" for n in range(many)], len(one))
    with pytest.raises(UsageError, match=f"完整的评价有{many}个；名次区间一次最多算{many - 1}个.*请按县或等级分开算"):
        lab.rank_intervals(STREET, frame, 10, 1)


def test_draw_by_draw_is_the_matrix_product():
    rng = np.random.default_rng(1)
    weights, shares = rng.random((7, 30)), rng.random((5, 30))
    np.testing.assert_allclose(by_rows(weights, shares), weights @ shares.T, rtol=1e-12)
