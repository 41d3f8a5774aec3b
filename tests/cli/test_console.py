"""How far a piece of work is, and how long it will take: told on a terminal as a bar, else a line for each unit."""

import io
import re
import sys

import pytest

from chengxin.cli.console import progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def seconds(clock: str) -> int:
    return sum(int(part) * 60**power for power, part in enumerate(reversed(clock.split(":"))))


@pytest.mark.parametrize("taken", [[10] * 4, [3600] * 3, [50, 10, 10, 10]])
def test_the_time_left_is_what_is_left_at_the_pace_so_far(monkeypatch, taken):
    now, screen = [1000.0], Terminal()
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", screen)
    with progress(len(taken)) as show:
        for number, more in enumerate(taken, 1):
            now[0] += more
            show(f"单位{number}", "已生成")
    found = re.findall(r"(\d)/(\d) [^\r]*已用([\d:]+)，约剩([\d:]+)\u3000单位", screen.getvalue())
    assert [int(done) for done, *_ in found] == list(range(1, len(taken) + 1))
    for number, (done, total, used, left) in enumerate(found, 1):
        assert (int(total), seconds(used)) == (len(taken), sum(taken[:number]))
        paces = sorted(taken[:number])  # the pace told lies between the fastest and the slowest so far
        rest = len(taken) - int(done)
        assert paces[0] * rest - 1 <= seconds(left) <= paces[-1] * rest, found


def test_a_pipe_gets_a_line_for_each_unit(capsys):
    with progress(2) as show:
        show("甲", "已生成")
        show("乙", "失败，原因")
    assert capsys.readouterr().err == "  甲：已生成\n  乙：失败，原因\n"
