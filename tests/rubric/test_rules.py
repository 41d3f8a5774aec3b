"""The seven kinds of rule: exact points on every edge, what they refuse, and their words."""

from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from chengxin.rubric.rules import KINDS, LARGEST, AnyRule, plain, uneven

READ = TypeAdapter(AnyRule)
NAN = np.nan
NONE = {"full": 6.0, "zero": 0.0, "not_applicable": NAN}

# rule, points, value, of, points earned
EXACT = [
    ({"kind": "met"}, 3, 1, NAN, 3),
    ({"kind": "met"}, 3, 0, NAN, 0),
    *(({"kind": "share", "when_none": none}, 6, 0, 0, full) for none, full in NONE.items()),
    ({"kind": "share", "when_none": "zero"}, 6, 0, 40, 0),
    ({"kind": "share", "when_none": "zero"}, 6, 40, 40, 6),
    ({"kind": "share", "when_none": "zero"}, 6, 37, 40, 5.55),
    ({"kind": "share", "when_none": "zero"}, 6, 92.75, 100, 5.565),
    ({"kind": "share", "when_none": "zero"}, 3, 1, 3, 1),
    ({"kind": "share", "when_none": "zero", "all_or_nothing": True}, 6, 39, 40, 0),
    ({"kind": "share", "when_none": "zero", "all_or_nothing": True}, 6, 40, 40, 6),
    *(({"kind": "share", "when_none": none, "all_or_nothing": True}, 6, 0, 0, full) for none, full in NONE.items()),
    *(({"kind": "threshold", "at_least": 0.95, "when_none": none}, 6, 0, 0, full) for none, full in NONE.items()),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 95, 100, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 19, 20, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 18, 20, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 94.999999, 100, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 949_999, 1_000_000, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 950_000, 1_000_000, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 949_999_999, 1_000_000_000, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 4, 950_000_000, 1_000_000_000, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "inclusive": False}, 4, 95, 100, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "inclusive": False}, 4, 19, 20, 0),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "inclusive": False}, 4, 95.000001, 100, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "inclusive": False}, 4, 950_001, 1_000_000, 4),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "below": "ratio"}, 4, 18, 20, 3.6),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "below": "ratio"}, 4, 19, 20, 4),
    (
        {"kind": "threshold", "at_least": 0.95, "when_none": "zero", "below": "ratio", "inclusive": False},
        4,
        19,
        20,
        3.8,
    ),
    ({"kind": "threshold", "at_least": 1.0, "when_none": "zero"}, 4, 19, 20, 0),
    ({"kind": "threshold", "at_least": 1.0, "when_none": "zero"}, 4, 20, 20, 4),
    ({"kind": "per_unit", "each": 2}, 6, 0, NAN, 6),
    ({"kind": "per_unit", "each": 2}, 6, 2, NAN, 2),
    ({"kind": "per_unit", "each": 2}, 6, 3, NAN, 0),
    ({"kind": "per_unit", "each": 2}, 6, 4, NAN, 0),
    ({"kind": "per_unit", "each": 4}, 6, 2, NAN, 0),
    ({"kind": "marks"}, 5, 0, NAN, 0),
    ({"kind": "marks"}, 5, 3.5, NAN, 3.5),
    ({"kind": "marks"}, 5, 5, NAN, 5),
    ({"kind": "at_least", "count": 2}, 3, 1, NAN, 0),
    ({"kind": "at_least", "count": 2}, 3, 2, NAN, 3),
    ({"kind": "at_least", "count": 2}, 3, 9, NAN, 3),
    ({"kind": "each"}, 2, 0, NAN, 0),
    ({"kind": "each"}, 2, 7, NAN, 14),
    ({"kind": "each", "cap": 5}, 2, 2, NAN, 4),
    ({"kind": "each", "cap": 5}, 2, 3, NAN, 5),
    ({"kind": "each", "cap": None}, 2, 3, NAN, 6),
]


def earned(rule, points, value, of):
    return READ.validate_python(rule).score(float(points), np.array(value, float), np.array(of, float))


@pytest.mark.parametrize(("rule", "points", "value", "of", "want"), EXACT)
def test_points_are_exact(rule, points, value, of, want):
    np.testing.assert_array_equal(earned(rule, points, [value], [of]), [want])


def test_every_kind_is_in_the_tables():
    kinds = [kind.model_fields["kind"].default for kind in get_args(get_args(AnyRule)[0])]
    assert kinds == list(KINDS)
    for table in (EXACT, REFUSED, WORDS):
        assert {row[0]["kind"] for row in table} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_gives_what_its_cells_give(kind):
    rows = [row for row in EXACT if row[0]["kind"] == kind]
    for rule in {str(row[0]): row[0] for row in rows}.values():
        mine = [row for row in EXACT if row[0]["kind"] == kind]
        value, of = (np.array([row[n] for row in mine], float) for n in (2, 3))
        whole = earned(rule, 6, value, of)
        single = [float(earned(rule, 6, [v], [o])[0]) for v, o in zip(value, of, strict=True)]
        np.testing.assert_array_equal(whole, single)
        np.testing.assert_array_equal(whole, earned(rule, 6, value[::-1], of[::-1])[::-1])


@pytest.mark.parametrize("rule", list({str(row[0]): row[0] for row in EXACT}.values()), ids=str)
def test_missing_in_missing_out(rule):
    kind = KINDS[rule["kind"]]
    assert np.isnan(earned(rule, 6, [NAN], [NAN if not kind.needs_of else 40])).all()
    if kind.needs_of:
        assert np.isnan(earned(rule, 6, [1, NAN], [NAN, NAN])).all()


def test_the_input_columns_are_left_alone():
    for rule, points, value, of, _ in EXACT:
        columns = np.array([value], float), np.array([of], float)
        columns[0].flags.writeable = columns[1].flags.writeable = False
        assert READ.validate_python(rule).score(float(points), *columns) is not columns[0]


COUNT = {"value": [0, 1, 7, LARGEST, -1, 1.5, LARGEST * 2, NAN], "wrong": [0, 0, 0, 0, 1, 1, 1, 0]}
PARTS = {
    "value": [0, 40, 41, -1, 1.5, 0.95, 97.25, 100.5, 97.1234567, 1, 1, 0, 1, NAN, 5],
    "of": [40, 40, 40, 40, 40, 1, 100, 100, 100, 1.5, -1, 0, 0, 40, 2 * LARGEST],
    "wrong": [0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1],
}
REFUSED = [
    ({"kind": "met"}, {"value": [0, 1, 2, -1, 0.5, NAN], "wrong": [0, 0, 1, 1, 1, 0]}),
    ({"kind": "share", "when_none": "zero"}, PARTS),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, PARTS),
    ({"kind": "per_unit", "each": 2}, COUNT),
    ({"kind": "marks"}, {"value": [0, 5, 3.5, 5.001, -0.1, 0.1234567, NAN], "wrong": [0, 0, 0, 1, 1, 1, 0]}),
    ({"kind": "at_least", "count": 2}, COUNT),
    ({"kind": "each"}, COUNT),
]


@pytest.mark.parametrize(("rule", "table"), REFUSED)
def test_wrong_values_are_seen(rule, table):
    value = np.array(table["value"], float)
    of = np.array(table.get("of", [NAN] * len(value)), float)
    got = READ.validate_python(rule).wrong(5.0, value, of)
    assert got.tolist() == [bool(flag) for flag in table["wrong"]]


# rule, adds, words of a line with 4 points and unit 次
WORDS = [
    ({"kind": "met"}, "得", "符合要求得4分，不符合不得分"),
    ({"kind": "met"}, "加", "符合要求加4分，不符合不加分"),
    ({"kind": "share", "when_none": "full"}, "得", "按比例得分，满分4分；无此情形得满分"),
    ({"kind": "share", "when_none": "not_applicable", "all_or_nothing": True}, "得",
     "全部合格得分，满分4分；无此类对象为不适用"),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, "得", "达到95%得4分，未达到不得分；未开展不得分"),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "inclusive": False, "below": "ratio"}, "得",
     "超过95%得4分，未超过按比例得分；未开展不得分"),
    ({"kind": "per_unit", "each": 1.5}, "得", "满分4分，每发现1次扣1.5分，扣完为止"),
    ({"kind": "marks"}, "得", "评价人员在0至4分之间评定，未给满分须写明理由"),
    ({"kind": "at_least", "count": 1}, "得", "达到1次得4分"),
    ({"kind": "at_least", "count": 1}, "扣", "达到1次扣4分，只计一次"),
    ({"kind": "at_least", "count": 2}, "加", "达到2次加4分"),
    ({"kind": "each"}, "扣", "每次扣4分"),
    ({"kind": "each", "cap": 8}, "加", "每次加4分，最多8分"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "adds", "words"), WORDS)
def test_rule_in_words(rule, adds, words):
    assert READ.validate_python(rule).words(4.0, "次", adds) == words


SUMS = [
    ({"kind": "met"}, 1, NAN, ""),
    ({"kind": "marks"}, 2, NAN, ""),
    ({"kind": "at_least", "count": 1}, 3, NAN, ""),
    ({"kind": "share", "when_none": "full"}, 37, 40, "4×37÷40"),
    ({"kind": "share", "when_none": "full"}, 0, 0, ""),
    ({"kind": "share", "when_none": "full", "all_or_nothing": True}, 37, 40, ""),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero"}, 18, 20, ""),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "below": "ratio"}, 18, 20, "4×18÷20"),
    ({"kind": "threshold", "at_least": 0.95, "when_none": "zero", "below": "ratio"}, 19, 20, ""),
    ({"kind": "per_unit", "each": 2}, 0, NAN, ""),
    ({"kind": "per_unit", "each": 2}, 2, NAN, "4−2×2"),
    ({"kind": "per_unit", "each": 2}, 3, NAN, "4−2×3"),
    ({"kind": "each"}, 0, NAN, ""),
    ({"kind": "each", "cap": 8}, 2, NAN, "4×2"),
    ({"kind": "each", "cap": 8}, 3, NAN, "4×3"),
]


@pytest.mark.parametrize(("rule", "value", "of", "words"), SUMS)
def test_sum_in_words(rule, value, of, words):
    assert READ.validate_python(rule).sum_in_words(4.0, float(value), float(of)) == words


LIMITS = [
    ({"kind": "per_unit", "each": 2}, 2, ""),
    ({"kind": "per_unit", "each": 2}, 3, "＜0，扣完为止"),
    ({"kind": "each"}, 3, ""),
    ({"kind": "each", "cap": 8}, 2, ""),
    ({"kind": "each", "cap": 8}, 3, "＞8，以上限计"),
]


@pytest.mark.parametrize(("rule", "value", "words"), LIMITS)
def test_limit_in_words(rule, value, words):
    assert READ.validate_python(rule).limit_in_words(4.0, float(value), NAN) == words


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "share"}, {"kind": "threshold", "at_least": 95, "when_none": "zero"},
        {"kind": "threshold", "at_least": 0, "when_none": "zero"}, {"kind": "per_unit", "each": 0},
        {"kind": "per_unit", "each": -2}, {"kind": "at_least", "count": 0}, {"kind": "at_least", "count": 1.5},
        {"kind": "per_unit", "each": 0.0001}, {"kind": "each", "cap": 1.0005}, {"kind": "each", "cap": float("inf")},
        {"kind": "threshold", "at_least": 0.9500001, "when_none": "zero"},
        {"kind": "each", "cap": 0}, {"kind": "met", "each": 2}, {"kind": "share", "when_none": "half"}, {"kind": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_impossible_parameters_are_refused(rule):
    with pytest.raises(ValidationError):
        READ.validate_python(rule)


def test_numbers_are_written_plainly():
    assert [plain(x) for x in (2.0, 0.95, 100, 1e-6, 0.0, 1e9)] == ["2", "0.95", "100", "0.000001", "0", "1000000000"]


def test_uneven_steps():
    assert uneven(np.array([1, 1.5, NAN])).tolist() == [False, True, False]
    assert uneven(np.array([0.1, 0.1234567, NAN]), 1e-6).tolist() == [False, True, False]
