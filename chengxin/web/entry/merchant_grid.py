"""The merchants of an area checked one by one: drawing them, the grid merchants × lines, what it adds up to."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

from chengxin.exchange.csv import normal
from chengxin.ledgers.sampling import draw
from chengxin.paths import TEMPLATES
from chengxin.settings import settings
from chengxin.store.drafts import Entry
from chengxin.web import controls
from chengxin.workflow.assessment import AT, SAMPLED, Work, grid_lines

RESULTS = ("ok", "bad", "na", "")


class MerchantGrid(anywidget.AnyWidget):
    """The grid in the browser: one table, whatever its size.

    merchants : code and name of each; lines : id and label of each; cells : field → ok, bad, na; frozen : read-only;
    heard : number of the newest change from the browser that `cells` knows of
    """

    _esm = TEMPLATES / "widgets" / "grid.js"
    merchants = t.List(t.Dict()).tag(sync=True)
    lines = t.List(t.Dict()).tag(sync=True)
    cells = t.Dict().tag(sync=True)
    heard = t.Int(0).tag(sync=True)
    frozen = t.Bool(False).tag(sync=True)


class GridForm:
    """Drawing and grid of one assessment.

    Parameters
    ----------
    work : from `assessment.opened`
    put : saves entries by field
    seed : to begin with, such as the day's date; the person may set another before drawing
    """

    def __init__(self, work: Work, put: Callable[[dict[str, Entry]], None], seed: int) -> None:
        self.work, self.put = work, put
        self.lines = [line.id for line in grid_lines(work.rubric)]
        self.names = dict(zip(work.merchants["code"], work.merchants["name"], strict=True))
        self.said, self.wrong = controls.block(""), controls.block("")
        self.seed = controls.number("随机种子（整数）", str(seed))
        self.start = controls.button("抽取经营户，逐户检查")
        self.start.on_click(lambda _: self.draw())
        self.grid = MerchantGrid(
            lines=[{"id": line.id, "label": line.label} for line in grid_lines(work.rubric)],
            frozen=work.about["status"] != "draft",
        )
        self.grid.on_msg(self._heard)
        self.frame = controls.box(self.grid)
        self.choose = controls.row(self.seed, self.start, classes=["cx-actions"])
        self.page = controls.box(
            controls.block("<h2>逐户检查</h2>"), self.said, self.choose, self.wrong, self.frame, classes=["cx-card"]
        )

    def show(self, entries: Mapping[str, Entry]) -> None:
        """Show the merchants drawn and what was found."""
        sample = entries.get(SAMPLED) or {}
        drawn = list(sample.get("merchants", []))
        cells = {f"{line}{AT}{code}": str(entries.get(f"{line}{AT}{code}", {}).get("result", ""))
                 for line in self.lines for code in drawn}  # fmt: skip
        merchants = [{"code": code, "name": self.names.get(code, f"{code}（已歇业）")} for code in drawn]
        with self.grid.hold_sync():
            self.grid.cells = {field: result for field, result in cells.items() if result}
            self.grid.merchants = merchants
        controls.visible(self.choose, not drawn and not self.grid.frozen)
        controls.visible(self.frame, bool(drawn))
        if drawn:
            words = (
                "在营经营户{of}户，本次检查{n}户，随机种子{seed}。"
                "按合格户数÷检查户数计分；各条直接填了户数的，以直接填的为准。"
            )
            controls.tell(self.said, words, of=sample.get("of", ""), n=len(drawn), seed=sample.get("seed", ""))
        else:
            words = (
                "在营经营户{n}户：{all}户及以下的全部检查，更多的随机抽取{size}户，种子相同，抽到的户也相同，可供复核。"
                "可抽取后逐户检查，也可在各条直接填合格户数和检查户数。"
            )
            known = settings()
            controls.tell(self.said, words, n=len(self.names), all=known["sample_all_up_to"], size=known["sample_size"])

    def named(self, field: str) -> str:
        """A field of the grid, or of the form, in words: “merchant” and the number and label of the line."""
        line, _, merchant = field.partition(AT)
        if field == SAMPLED:
            return "抽取的经营户"
        words = f"{line}条" + "".join(each.label for each in self.work.rubric.lines if each.id == line)
        return f"“{self.names.get(merchant, merchant)}”的{words}" if merchant else words

    def draw(self) -> None:
        """Draw the merchants with the seed given, and record both."""
        text = normal(self.seed.value)
        if not (text.isascii() and text.isdigit()) or len(text) > 12:
            words = '<p class="cx-fault" role="alert">随机种子“{text}”：应为不超过12位的整数。</p>'
            controls.tell(self.wrong, words, text=text[:40])
            return
        controls.tell(self.wrong, "")
        drawn = draw(self.names, int(text))
        self.put({SAMPLED: {"seed": int(text), "merchants": drawn, "of": len(self.names)}})

    def counted(self, entries: Mapping[str, Entry], line: str) -> str:
        """What the grid gives for a line, in words; empty when nothing was checked."""
        if line not in self.lines:
            return ""
        drawn = (entries.get(SAMPLED) or {}).get("merchants", [])
        results = [entries.get(f"{line}{AT}{code}", {}).get("result", "") for code in drawn]
        if not any(results):
            return ""
        good, bad = results.count("ok"), results.count("bad")
        left = len(results) - good - bad - results.count("na")
        return f"合格{good}户，检查{good + bad}户" + (f"，未查{left}户" if left else "")

    def _heard(self, _: w.Widget, content: Any, __: Any) -> None:
        """Numbered changes from the browser, which shows them already; what is no cell of this grid is ignored."""
        said = content if isinstance(content, dict) else {}
        changes, count = said.get("changes"), said.get("count")
        drawn = {each["code"] for each in self.grid.merchants}
        known = {}
        for field, result in changes.items() if isinstance(changes, dict) else ():
            line, _, merchant = str(field).partition(AT)
            if line in self.lines and merchant in drawn and result in RESULTS:
                known[str(field)] = {"result": result} if result else {}
        with self.grid.hold_sync():
            self.grid.heard = count if type(count) is int else self.grid.heard
            if known and not self.grid.frozen:
                # in place, which sends nothing: the browser shows them; a refusal in `show` is then a change, and sent
                self.grid.cells.update({field: entry.get("result", "") for field, entry in known.items()})
                self.put(known)
            else:
                self.grid.send_state(["cells", "heard"])
