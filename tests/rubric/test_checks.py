"""A faulty rubric is refused with each fault where it stands: one change to a whole file, the fault it makes."""

import pytest

from chengxin.errors import RubricError
from chengxin.paths import place
from chengxin.rubric.load import load_rubric

TEXT = (place("rubrics") / "scenic_area.yaml").read_text("utf-8")
BROKEN = {
    "a limit where none acts": (
        "        rule: {all_or_nothing: true}",
        "        rule: {all_or_nothing: true}\n        at: 60",
        "readings.merchants.options.all.at：at在此不起作用；应为只在red_line的cap选项写at。请删去at。",
    ),
    "a limit beside another option of totals": (
        "      rescale: 不计入该条，其余条目的得分折算为100分",
        "      rescale:\n        text: 折算\n        at: 60",
        "readings.not_applicable.options.rescale.at：at在此不起作用",
    ),
    "a cap without its limit": ("        at: 60\n", "", "readings.red_line.options.cap：缺少“at”"),
    "a number for a line's rule": (
        "      share: 按合格户数占抽查户数的比例得分",
        "      share: 按合格户数占抽查户数的比例得分\n      NUMBER: 几分",
        "readings.merchants.options.NUMBER：“merchants”改变条目的规则，不能填数字",
    ),
    "a parameter the rule does not take": (
        "rule: {all_or_nothing: true}",
        "rule: {inclusive: false}",
        "readings.merchants.options.all：选项“all”的rule不适合share规则（inclusive）",
    ),
    "options that do nothing": (
        "      all:\n        text: 抽查的户全部合格才得分，有一户不合格即不得分\n        rule: {all_or_nothing: true}",
        "      all: 抽查的户全部合格才得分",
        "readings.merchants.options：读法“merchants”不起作用，各选项都没有rule",
    ),
    "a default that is no option": ("default: share", "default: shares", "“shares”不是选项；应为share、all之一"),
    "a total": ("full_marks: 100", "full_marks: 99", "full_marks：基本项分值合计100分；应为99分"),
    "a hundredth": ("full_marks: 100", "full_marks: 100.00001", "full_marks：基本项分值合计100分"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_of_a_rubric_is_told(tmp_path, name):
    old, new, words = BROKEN[name]
    assert old in TEXT
    path = tmp_path / "broken.yaml"
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(RubricError) as refused:
        load_rubric(path)
    told = [str(fault) for fault in refused.value.faults]
    assert sum(words in fault for fault in told) == 1, told
