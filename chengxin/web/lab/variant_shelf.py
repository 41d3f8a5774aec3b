"""Variants on the page 改规则看影响: load one into the form, keep what was tried, compare any number, save one.

A page of the site writes into the kit's folder for the city's account only; everybody else takes the file along.
"""

import base64
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from chengxin.errors import ChengxinError
from chengxin.lab.variants import compare_variants, diff_in_yaml, read_variant_text, save_variant
from chengxin.render.html import escaped
from chengxin.render.tables import Html, table
from chengxin.rubric.diff import diff, diff_in_words
from chengxin.rubric.load import load_rubric, rubric_paths
from chengxin.rubric.model import Rubric
from chengxin.store.access import LOCAL, current
from chengxin.web import controls
from chengxin.web.lab.charts import MOST
from chengxin.web.visitor import DEMO

NOTHING = "（请选择）"
FIRST = "原细则"


def may_write() -> bool:
    """Whether a variant may be written into the kit's folder: by whoever sits at this machine, and by the city."""
    who = current()
    return who is LOCAL or (who.role == "city" and who.who != DEMO)


class Shelf:
    """The part of the form that has to do with variants.

    Parameters
    ----------
    rubric, observations : as `variants.compare_variants` takes them
    names : assessment → name shown
    tried : gives the rubric with the changes that stand in the form, or raises ChengxinError
    put : shows a loaded variant in the form
    folder : where variants are saved; default the kit's folder
    """

    def __init__(
        self, rubric: Rubric, observations: pd.DataFrame, names: dict[str, str], tried: Callable[[], Rubric],
        put: Callable[[Rubric], None], folder: Path | None = None,
    ) -> None:  # fmt: skip
        self.rubric, self.observations, self.names, self.folder = rubric, observations, names, folder
        self.tried, self.put, self.writes = tried, put, may_write()
        self.kept: dict[str, Rubric] = {}
        known = [(path.stem, path.stem) for path in rubric_paths().values() if path.parent.name == "variants"]
        mine = [pair for pair in known if pair[0] != rubric.variant and self._extends(pair[0])]
        self.known = controls.selected("装入已有的变体", [(NOTHING, ""), *mine])
        self.file = controls.files("装入变体文件（.yaml）", ".yaml,.yml", multiple=False)
        self.name = controls.text("对照时的名称", placeholder="方案一")
        self.keep, self.clear = controls.button("把现在的改动加入对照"), controls.button("清空对照")
        self.about = {
            "id": controls.text("变体编号", placeholder="小写字母开头，如trial_one"),
            "title": controls.text("名称"),
            "approved_by": controls.text("由谁决定"),
            "effective_from": controls.text("何时起用", placeholder="2026-01-01"),
            "why": controls.text("为什么改"),
        }
        self.save = controls.button("存为变体" if self.writes else "生成变体文件")
        self.said, self.table, self.saved = controls.block(""), controls.block(""), controls.block("")
        self.known.observe(lambda _: self.load(), names="value")
        self.file.observe(lambda _: self.load_file(), names="value")
        self.keep.on_click(lambda _: self.add())
        self.clear.on_click(lambda _: self.empty())
        self.save.on_click(lambda _: self.store())
        self.cards = self._cards()

    def _extends(self, name: str) -> bool:
        try:
            return load_rubric(name).id == self.rubric.id
        except ChengxinError:
            return False  # a broken file in the folder is told by `chengxin rubric check`, not here

    def _cards(self) -> list[Any]:
        fields = controls.row(self.known, self.file, self.name, classes=["cx-fields"])
        compare = controls.box(controls.block("<h2>变体对照</h2>"), fields,
                            controls.row(self.keep, self.clear, classes=["cx-actions"]), self.said, self.table,
                            classes=["cx-card"])  # fmt: skip
        where = "存入rubrics/variants，也可下载" if self.writes else "生成后下载，交细则管理人员放入rubrics/variants"
        about = controls.block('<h2>存为变体</h2><p class="cx-rule">写明由谁决定、为什么改、何时起用；{where}。</p>',
                            where=where)  # fmt: skip
        saving = controls.box(
            about,
            controls.row(*self.about.values(), classes=["cx-fields"]),
            controls.row(self.save, classes=["cx-actions"]),
            self.saved,
            classes=["cx-card"],
        )
        return [compare, saving]

    def load(self) -> None:
        """Put a variant of the kit into the form and among those compared."""
        if self.known.value:
            self._taken(lambda: load_rubric(self.known.value))

    def load_file(self) -> None:
        """The same with a file that is handed over."""
        if self.file.value:
            given = self.file.value[0]
            self._taken(lambda: read_variant_text(bytes(given["content"]), str(given["name"])[:80], self.rubric))

    def _taken(self, read: Callable[[], Rubric]) -> None:
        try:
            found = read()
            self.put(found)
        except ChengxinError as error:
            self._wrong(self.said, error)
            return
        about = found.changed_by
        assert about is not None
        self.kept[about.id] = found
        controls.tell(self.said, '<p role="status" class="cx-saved cx-ok">已装入{title}：{who}决定，{day}起，{why}</p>',
                   title=about.title, who=about.approved_by, day=about.effective_from, why=about.why)  # fmt: skip
        self.compare()

    def add(self) -> None:
        """Keep what stands in the form, under a name, for comparison."""
        try:
            after = self.tried()
        except ChengxinError as error:
            self._wrong(self.said, error)
            return
        name = self.name.value.strip()[:30] or f"方案{len(self.kept) + 1}"
        if name in (*self.kept, FIRST):
            self._wrong(self.said, f"已有“{name}”，请换一个名称。")
            return
        self.kept[name] = after
        controls.tell(self.said, '<p role="status" class="cx-saved cx-ok">“{name}”已加入对照</p>', name=name)
        self.compare()

    def empty(self) -> None:
        """Compare nothing any more."""
        self.kept = {}
        self.compare()

    def compare(self) -> None:
        """Show totals and ranks of all that is kept, and what each of them changes."""
        if not self.kept:
            for widget in (self.said, self.table):
                controls.tell(widget, "")
            return
        shown = comparison({FIRST: self.rubric, **self.kept}, self.observations, self.names)
        rest = "".join(_differences(name, self.rubric, after) for name, after in self.kept.items())
        controls.tell(self.table, '<div class="cx-wide">{shown}</div>{rest}', shown=shown, rest=Html(rest))

    def store(self) -> None:
        """Save what was tried as a variant file where that is allowed; in any case offer it as a file."""
        about = {name: each.value.strip() for name, each in self.about.items()}
        try:
            after = self.tried()
            with tempfile.TemporaryDirectory() as folder:
                text = save_variant(after, Path(folder), **about).read_bytes()
            if self.writes:
                save_variant(after, self.folder, **about)
        except ChengxinError as error:
            words = {name: each.description for name, each in self.about.items()}
            said = re.sub(r"(?<=[：；])(\w+)(?=：)", lambda found: words.get(str(found[1]), str(found[1])), str(error))
            self._wrong(self.saved, said)
            return
        done = f"已存为{about['id']}.yaml。" if self.writes else "变体文件已生成。"
        controls.tell(
            self.saved, '<p role="status" class="cx-saved cx-ok">{done}</p><a class="cx-link" download="{name}" '
            'href="data:application/yaml;base64,{data}">下载{name}</a><details><summary>看内容</summary><pre>{text}</pre>'
            "</details>", done=done, name=f"{about['id']}.yaml", data=base64.b64encode(text).decode(),
            text=text.decode(),
        )  # fmt: skip

    def _wrong(self, widget: Any, error: object) -> None:
        controls.tell(widget, '<p role="alert" class="cx-saved cx-bad">{said}</p>', said=error)


def comparison(rubrics: dict[str, Rubric], observations: pd.DataFrame, names: dict[str, str]) -> Html:
    """Areas × variants, total and rank of each; of more than 40 those whose rank differs most."""
    found = compare_variants(rubrics, observations)
    found["rank"] = found["rank"].astype("Float64").to_numpy(float, na_value=float("nan"))
    wide = [found.pivot(index="assessment", columns="variant", values=side) for side in ("total", "rank")]
    totals, ranks = (side.reindex(columns=list(rubrics)).astype(float) for side in wide)
    spread = (ranks.max(axis=1) - ranks.min(axis=1)).sort_values(ascending=False, kind="stable")
    order = ranks.loc[spread.index[:MOST]].sort_values([*rubrics], kind="stable", na_position="last").index
    rows = pd.DataFrame({"name": [names.get(code, code) for code in order]})
    columns = {"name": "评价"}
    for n, name in enumerate(rubrics):
        rows[f"t{n}"] = totals.loc[order, name].to_numpy()
        rows[f"r{n}"] = pd.array(ranks.loc[order, name].to_numpy(), "Int64")
        columns |= {f"t{n}": f"{name}（分）", f"r{n}": "名次"}
    left = f"（共{len(ranks)}个，只列名次相差最大的{MOST}个）" if len(ranks) > MOST else ""
    return table(rows, columns, f"各变体的总分和名次{left}", right=[name for name in columns if name != "name"])


def _differences(name: str, before: Rubric, after: Rubric) -> str:
    words = "<details><summary>{name}改了什么</summary><pre>{words}</pre><pre>{text}</pre></details>"
    return escaped(words, name=name, words=diff_in_words(diff(before, after)), text=diff_in_yaml(before, after))
