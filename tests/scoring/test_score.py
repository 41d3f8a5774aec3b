"""Scores and totals: worked cases, exact arithmetic under every reading, refusal of bad observations."""

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from assessed import CASES, READINGS, RUBRICS, assessments, frame, full_marks
from exact import assess
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.errors import DataError
from chengxin.rubric.load import load_rubric
from chengxin.scoring.explain import reasons, total_in_words
from chengxin.scoring.grid import BLOCK
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_worked_case(case):
    ways = [{"readings": {}, **case["expected"]}, *case.get("alternatives", [])]
    for way in ways:
        result = totals(score(load_rubric(case["rubric"], way["readings"]), frame({"x": case["observations"]}))).iloc[0]
        for name in ("base", "bonus", "deduction"):
            if name in way:
                assert result[name] == pytest.approx(float(way[name]), abs=5e-6), (case["id"], name)
        assert f"{result['total']:.2f}" == way["total"], (case["id"], way["readings"])


def agree(data, rubric, readings, seen, shuffle):
    if not seen:
        return
    observations = frame(seen)
    if shuffle is not None:
        observations = observations.sample(frac=1, random_state=shuffle)
    sheet = score(rubric, observations)
    results = totals(sheet).set_index("assessment")
    for who, lines in seen.items():
        want, got = assess(data, readings, lines), results.loc[who]
        mine = sheet[sheet["assessment"] == who].set_index("line")["score"]
        for line, points in want["scores"].items():
            if points is None:
                assert np.isnan(mine[line])
            else:
                assert mine[line] == pytest.approx(float(points), abs=1e-9)
        assert bool(got["complete"]) == want["complete"]
        if "low" not in want:
            continue
        assert (f"{got['low']:.2f}", f"{got['high']:.2f}") == (f"{want['low']:.2f}", f"{want['high']:.2f}")
        assert got["missing_points"] == pytest.approx(float(want["missing"]), abs=1e-9)
        assert bool(got["red_lines"]) == want["red"]
        for name in ("base", "bonus", "deduction"):
            assert got[name] == pytest.approx(float(want[name]), abs=1e-9)
        if want["complete"]:
            assert got["total"] == float(want["low"])
        else:
            assert np.isnan(got["total"])


@pytest.mark.parametrize("name", RUBRICS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(random=st.data(), shuffle=st.none() | st.integers(0, 9))
def test_official_rubrics_agree_with_exact_fractions(name, random, shuffle):
    data = RUBRICS[name]
    readings, seen = random.draw(assessments(data))
    agree(data, load_rubric(name, readings), readings, seen, shuffle)


NONE = st.sampled_from(["full", "zero", "not_applicable"])
RULES = st.one_of(
    st.just({"kind": "met"}),
    st.just({"kind": "marks"}),
    st.builds(lambda each: {"kind": "per_unit", "each": each / 8}, st.integers(1, 24)),
    st.builds(lambda count: {"kind": "at_least", "count": count}, st.integers(1, 3)),
    st.builds(
        lambda cap: {"kind": "each"} if cap is None else {"kind": "each", "cap": cap / 2}, st.none() | st.integers(1, 9)
    ),
    st.builds(
        lambda none, whole: {"kind": "share", "when_none": none, "all_or_nothing": whole},
        NONE,
        st.sampled_from([False, False, True]),
    ),
    st.builds(
        lambda least, none, inclusive, below: {
            "kind": "threshold",
            "at_least": least / 1000,
            "when_none": none,
            "inclusive": inclusive,
            "below": below,
        },
        st.integers(1, 1000) | st.sampled_from([500, 875, 950]),
        NONE,
        st.booleans(),
        st.sampled_from(["zero", "ratio"]),
    ),
)
SECTIONS = {"base": "基本", "bonus": "加分", "deduction": "扣分"}
READINGS_OF_TOTALS = ("not_applicable", "bonus_cap", "ceiling", "floor", "red_line")
FITS = {"share": ["merchants", "no_cases"], "threshold": ["threshold", "below_threshold"], "at_least": ["repeats"]}


@st.composite
def rubrics(draw):
    """A rubric of 2–8 lines with fractional points, each line listing the readings that fit it."""
    lines = []
    parts = draw(st.sampled_from([[1], [1, 8], [1000, 100, 8]]))  # points all whole, or with up to three decimals
    for n in range(draw(st.integers(2, 8))):
        rule = draw(RULES)
        section = "base" if n == 0 else draw(st.sampled_from(["base", "base", "bonus", "deduction"]))
        points = draw(st.integers(1, 100)) / draw(st.sampled_from(parts))
        lines.append(
            {
                "id": f"{n}.1", "number": n, "section": section, "subject": "商家", "group": None, "group_points": None,
                "label": f"第{n}条", "text": f"标准{n}", "points": points, "rule": rule,
                "readings": [key for key in FITS.get(rule["kind"], []) if draw(st.booleans())],
                "red_line": section != "bonus" and draw(st.booleans()),
            }
        )  # fmt: skip
    full = float(sum(Fraction(str(line["points"])) for line in lines if line["section"] == "base"))
    listed = {key for line in lines for key in line["readings"]} | set(READINGS_OF_TOTALS)
    readings = {key: value for key, value in RUBRICS["street"]["readings"].items() if key in listed}
    head = {"id": "drawn", "title": "抽", "version": "1", "source": {"file": "a", "annex": "b"}, "full_marks": full}
    return {**head, "sections": SECTIONS, "readings": readings, "lines": lines}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(random=st.data(), shuffle=st.none() | st.integers(0, 9))
def test_drawn_rubrics_agree_with_exact_fractions(tmp_path_factory, random, shuffle):
    data = random.draw(rubrics())
    readings, seen = random.draw(assessments(data))
    path = tmp_path_factory.mktemp("r") / "drawn.yaml"
    path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    agree(data, load_rubric(path, readings), readings, seen, shuffle)


def drawn_line(line: dict, rng, denominators: list[int]) -> dict | None:
    """A legal observation; sometimes none, or not applicable."""
    kind, chance = line["rule"]["kind"], rng.random()
    if chance < 0.01:
        return None
    if chance < 0.04:
        return {"outcome": "not_applicable", "note": "理由"}
    if kind in ("share", "threshold"):
        of = int(rng.choice(denominators))
        return {"value": int(rng.integers(0.9 * of, of + 1)), "of": of}
    if kind == "marks":
        return {"value": float(rng.integers(0, round(line["points"] * 8) + 1)) / 8, "note": "理由"}
    return {"value": int(rng.integers(0, {"met": 2, "per_unit": 3}.get(kind, 4)))}


DENOMINATORS = [0, 1, 16, 20, 40, 80, 400], [0, 1, 3, 7, 37, 100, 333, 997, 1200]  # the first often make ties


def every_option(data: dict, rng) -> list[dict]:
    """One choice of readings for every option of every reading; the other readings are drawn."""
    return [
        {other: READINGS[other][rng.integers(len(READINGS[other]))] for other in data["readings"]} | {key: option}
        for key in data["readings"]
        for option in READINGS[key]
    ]


@pytest.mark.parametrize("name", RUBRICS)
def test_thousands_of_assessments_under_every_option(name):
    data, rng = RUBRICS[name], np.random.default_rng(11)
    ties = count = 0
    for readings in every_option(data, rng):
        drawn = {
            f"A{n}": {line["id"]: drawn_line(line, rng, DENOMINATORS[n % 2]) for line in data["lines"]}
            for n in range(100)
        }
        seen = {who: {line: cell for line, cell in lines.items() if cell} for who, lines in drawn.items()}
        agree(data, load_rubric(name, readings), readings, seen, int(rng.integers(9)))
        wanted = [assess(data, readings, lines) for lines in seen.values()]
        count += len(wanted)
        ties += sum((want["base"] + want["bonus"] - want["deduction"]) * 200 % 2 == 1 for want in wanted)
    assert count >= 2000
    assert ties >= 50


def test_every_option_is_drawn():
    for data in RUBRICS.values():
        for key, reading in data["readings"].items():
            drawn = {option if isinstance(option, str) else "NUMBER" for option in READINGS[key]}
            assert drawn == set(reading["options"])


def test_thousands_of_assessments_on_ties_and_across_blocks():
    """More than one block, most totals on a tie of the second decimal, in order and shuffled."""
    data, rng = RUBRICS["street"], np.random.default_rng(7)
    seen = {}
    for n in range(2 * BLOCK + 17):
        lines = {}
        for line in data["lines"]:
            kind = line["rule"]["kind"]
            of = int(rng.choice([16, 40, 80]))
            value = {"met": 1, "marks": line["points"]}.get(kind, int(rng.integers(0, of + 1)))
            lines[line["id"]] = (
                {"value": value, "of": of} if kind in ("share", "threshold") else {"value": min(value, 4)}
            )
            if kind == "marks":
                lines[line["id"]]["value"] = value
        seen[f"A{n}"] = lines
    observations = frame(seen)
    rubric = load_rubric("street")
    in_order = totals(score(rubric, observations)).set_index("assessment")
    shuffled = totals(score(rubric, observations.sample(frac=1, random_state=1))).set_index("assessment")
    pd.testing.assert_frame_equal(in_order, shuffled.loc[in_order.index])
    for n in range(0, len(seen), 5):
        want = assess(data, {}, seen[f"A{n}"])
        assert in_order.loc[f"A{n}", "total"] == float(want["low"])


def test_huge_common_denominators_still_settle_exactly():
    """Eleven prime denominators whose product leaves 64 bits, and a sum that is exactly a tie."""
    data = RUBRICS["street"]
    primes = [9973, 9967, 9949, 9941, 9931, 9929, 9923, 9907, 9901, 9887, 9883]
    seen = {line["id"]: {"value": 0} for line in data["lines"]}
    shares = [line for line in data["lines"] if line["rule"]["kind"] in ("share", "threshold")]
    for n, line in enumerate(shares):
        seen[line["id"]] = {"value": primes[n % 11], "of": primes[n % 11]}
    for line in data["lines"]:
        if line["rule"]["kind"] == "marks":
            seen[line["id"]] = {"value": 0.125, "note": "样例"}
    seen["12.1"] = {"value": 9973 - 1, "of": 9973}
    near = frame({"a": seen, "b": {**seen, "12.1": {"value": 97.25, "of": 100}}})
    got = totals(score(load_rubric("street"), near)).set_index("assessment")
    for who, lines in (("a", seen), ("b", {**seen, "12.1": {"value": 97.25, "of": 100}})):
        assert got.loc[who, "total"] == float(assess(data, {}, lines)["low"])


def small_rubric(tmp_path, lines: list[dict]) -> dict:
    """A rubric file of a few lines, as data, with the readings that totals use."""
    whole = {"number": None, "section": "base", "subject": None, "group": None, "group_points": None}
    lines = [
        {**whole, "label": line["id"], "text": line["id"], "readings": [], "red_line": False, **line} for line in lines
    ]
    head = {
        "id": "small",
        "title": "小",
        "version": "1",
        "source": {"file": "a", "annex": "b"},
        "sections": SECTIONS,
    }
    full = sum(line["points"] for line in lines if line["section"] == "base")
    data = {
        **head,
        "full_marks": full,
        "readings": {key: RUBRICS["street"]["readings"][key] for key in READINGS_OF_TOTALS},
        "lines": lines,
    }
    (tmp_path / "small.yaml").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return data


def test_half_points_of_a_rule_count_in_a_tie(tmp_path):
    """All points are whole, the parameter of a rule is not: 6−0.5 + 94×1÷400 = 5.735."""
    lines = [
        {"id": "a", "points": 6, "rule": {"kind": "per_unit", "each": 0.5}},
        {"id": "b", "points": 94, "rule": {"kind": "share", "when_none": "zero"}},
    ]
    data = small_rubric(tmp_path, lines)
    seen = {"x": {"a": {"value": 1}, "b": {"value": 1, "of": 400}}}
    agree(data, load_rubric(tmp_path / "small.yaml"), {}, seen, None)
    assert totals(score(load_rubric(tmp_path / "small.yaml"), frame(seen)))["total"].tolist() == [5.74]


def test_huge_sums_that_cancel_are_exact(tmp_path):
    """Thousands of millions of points on either side leave a tie that float64 has lost."""
    lines = [
        {"id": "a", "points": 94, "rule": {"kind": "met"}},
        {"id": "b", "points": 6, "rule": {"kind": "share", "when_none": "zero"}},
        {"id": "c", "points": 4.3, "rule": {"kind": "each"}, "section": "bonus"},
        {"id": "d", "points": 4.3, "rule": {"kind": "each"}, "section": "deduction"},
    ]
    data = small_rubric(tmp_path, lines)
    many = {"value": 999_999_999}
    seen = {f"x{n}": {"a": {"value": 1}, "b": {"value": n, "of": 400}, "c": many, "d": many} for n in range(1, 400, 2)}
    results = totals(score(load_rubric(tmp_path / "small.yaml"), frame(seen))).set_index("assessment")
    for who, observed_lines in seen.items():
        assert results.loc[who, "total"] == float(assess(data, {}, observed_lines)["low"])


BAD = {
    "unknown line": ("9.9", {"value": 1}, "line列", "没有“9.9”条"),
    "value above of": ("8.1", {"value": 41, "of": 40}, "value列", "大于分母"),
    "negative": ("2.1", {"value": -1}, "value列", "负数"),
    "not a number": ("2.1", {"value": np.nan}, "value列", "没有数值"),
    "infinite": ("2.1", {"value": np.inf}, "value列", "不是数字"),
    "infinite share": ("8.1", {"value": 1, "of": np.inf}, "of列", "不是数字"),
    "half a unit": ("2.1", {"value": 1.5}, "value列", "得到1.5"),
    "half a merchant": ("8.1", {"value": 1.5, "of": 40}, "value列", "得到1.5"),
    "no denominator": ("8.1", {"value": 1}, "of列", "没有分母"),
    "a rate": ("8.1", {"value": 0.95, "of": 1}, "value列", "得到0.95"),
    "yes and a half": ("1.1", {"value": 2}, "value列", "得到2"),
    "idle without a note": ("1.1", {"outcome": "not_applicable"}, "note列", "没有说明"),
    "text": ("2.1", {"value": "两台"}, "value列", "不是数字"),
    "unknown outcome": ("1.1", {"value": 1, "outcome": "大概"}, "outcome列", "大概"),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("shuffle", [False, True])
def test_bad_observation_is_refused_at_its_place(fault, shuffle):
    line, seen, column, words = BAD[fault]
    observations = frame({"甲": full_marks("scenic_area"), "乙": {**full_marks("scenic_area"), line: seen}})
    if shuffle:
        observations = observations.iloc[::-1].reset_index(drop=True)
    at = observations.index[(observations["assessment"] == "乙") & (observations["line"] == line)][0] + 1
    with pytest.raises(DataError) as refused:
        score(load_rubric("scenic_area"), observations)
    assert [f for f in refused.value.faults if f.where == f"第{at}行 {column}" and words in f.found], str(refused.value)
    assert len(refused.value.faults) == 1


def test_marks_need_a_reason_and_stay_within_points():
    seen = full_marks("street")
    for value, note, column in ((3.0, "", "note列"), (5.5, "好", "value列")):
        with pytest.raises(DataError) as refused:
            score(load_rubric("street"), frame({"甲": {**seen, "2.1": {"value": value, "note": note}}}))
        assert [fault.where for fault in refused.value.faults] == [f"第2行 {column}"]


def test_all_faults_come_together_and_duplicates_are_named():
    observations = frame({"甲": {**full_marks("scenic_area"), "2.1": {"value": -1}, "8.1": {"value": 50, "of": 40}}})
    observations = pd.concat([observations, observations.iloc[:1]], ignore_index=True)
    with pytest.raises(DataError) as refused:
        score(load_rubric("scenic_area"), observations)
    assert [fault.where for fault in refused.value.faults] == ["第3行 value列", "第13行 value列", "第38行 line列"]


@pytest.mark.parametrize("lines", [{"1.1": {"value": 1, "of": 1}}, full_marks("street")], ids=["one", "all"])
@pytest.mark.parametrize("wanted", [None, ["甲"]])
@pytest.mark.parametrize("category", [False, True])
def test_an_observation_given_twice_is_refused(lines, wanted, category):
    observations = frame({"甲": lines})
    again = observations[observations["line"] == "1.1"].assign(value=0)
    twice = pd.concat([observations, again], ignore_index=True)
    twice = twice.astype({"line": "category", "assessment": "category"}) if category else twice
    with pytest.raises(DataError) as refused:
        score(load_rubric("street"), twice, wanted)
    assert [str(fault) for fault in refused.value.faults] == [
        f"第{len(twice)}行 line列：“甲”的“1.1”条重复；应为每个评价每条只有一行。请删去多余的行。"
    ]


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_assessment_without_a_name_is_refused(shuffle):
    observations = frame({"甲": full_marks("street"), "": full_marks("street")})
    observations = observations.iloc[::-1].reset_index(drop=True) if shuffle else observations
    with pytest.raises(DataError, match="没有评价编号") as refused:
        score(load_rubric("street"), observations)
    assert len(refused.value.faults) == len(RUBRICS["street"]["lines"])


def test_missing_columns_are_named():
    with pytest.raises(DataError, match="缺少列value"):
        score(load_rubric("street"), pd.DataFrame({"assessment": ["a"], "line": ["1.1"]}))


def test_incomplete_is_a_range_and_has_no_rank():
    whole, part = full_marks("street"), full_marks("street")
    part.pop("1.1")
    results = totals(score(load_rubric("street"), frame({"甲": whole, "乙": part, "丙": whole})))
    assert results["complete"].tolist() == [True, False, True]
    assert results.loc[1, ["low", "high", "missing_points"]].tolist() == [90, 100, 10]
    assert rank(results).tolist() == [1, pd.NA, 1]


def test_nothing_applicable_is_not_complete_and_has_no_total():
    idle = {"outcome": "not_applicable", "note": "没有商户"}
    whole = full_marks("street")
    none = {line["id"]: idle for line in RUBRICS["street"]["lines"] if line["section"] == "base"}
    rubric = load_rubric("street", {"not_applicable": "rescale"})
    results = totals(score(rubric, frame({"甲": none, "乙": whole})))
    assert results["complete"].tolist() == [False, True]
    assert results.loc[0, ["base", "raw", "unrounded", "total", "low", "high"]].isna().all()
    assert rank(results).tolist() == [pd.NA, 1]
    assert total_in_words(results.iloc[0], results.attrs) == "基本项没有一条适用，无从折算，没有总分。"


def test_what_adds_or_takes_away_and_was_not_observed_did_not_happen():
    rubric = load_rubric("street")
    base = {line.id for line in rubric.lines if line.section == "base"}
    sheet = score(rubric, frame({"甲": {key: seen for key, seen in full_marks("street").items() if key in base}}))
    extra = sheet[sheet["section"] != "base"]
    assert len(extra) == 6
    assert extra["outcome"].tolist() == ["assessed"] * 6
    assert extra["score"].tolist() == [0.0] * 6
    assert all(reason.fact == "没有记录" for reason in reasons(rubric, extra))
    assert totals(sheet)["complete"].tolist() == [True]


def test_nothing_is_changed_and_categories_score_alike():
    observations = frame({"甲": full_marks("street"), "乙": full_marks("street")})
    before = observations.copy(deep=True)
    plain = totals(score(load_rubric("street"), observations))
    pd.testing.assert_frame_equal(observations, before)
    typed = observations.astype({"assessment": "category", "line": "category", "outcome": "category"})
    pd.testing.assert_frame_equal(totals(score(load_rubric("street"), typed)), plain)


def test_a_result_names_its_rubric():
    results = totals(score(load_rubric("street", {"bonus_cap": 8}), frame({"甲": full_marks("street")})))
    about = results.attrs
    assert (about["rubric"], about["version"], about["readings"]["bonus_cap"]) == ("street", "征求意见稿", 8.0)
    assert len(about["sha256"]) == 64


def test_equal_totals_share_a_rank_though_floats_differ():
    results = pd.DataFrame({"unrounded": [0.1 + 0.2, 0.3, 0.5, 0.2], "complete": True})
    assert rank(results).tolist() == [2, 2, 1, 4]


def test_empty_frame_gives_empty_results():
    empty = frame({"甲": full_marks("street")}).iloc[:0]
    assert totals(score(load_rubric("street"), empty)).empty


def test_numbers_in_a_column_of_objects_are_numbers_and_what_is_none_is_named():
    rubric = load_rubric("street")
    rows = [{"assessment": "甲", "line": "1.1", "value": 9, "of": 10}, {"assessment": "甲", "line": "3.1", "value": 1}]
    plain, mixed = pd.DataFrame(rows), pd.DataFrame(rows).astype({"value": object, "of": object})
    mixed["of"] = [10, None]
    pd.testing.assert_frame_equal(score(rubric, mixed), score(rubric, plain))
    for wrong in ("十", [1], float("inf")):
        mixed["of"] = pd.Series([wrong, None], dtype=object)
        with pytest.raises(DataError) as told:
            score(rubric, mixed)
        assert len(told.value.faults) >= 1
        assert "of列" in str(told.value)
