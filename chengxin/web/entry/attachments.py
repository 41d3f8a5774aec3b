"""Photos and documents behind one line: which there are, one more, a look at one, one taken out again."""

import base64
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import ipywidgets as w
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import ChengxinError
from chengxin.render import tables
from chengxin.render.html import escaped
from chengxin.render.tables import Html
from chengxin.settings import settings
from chengxin.store import attachments
from chengxin.web import controls


class EvidenceForm:
    """Evidence of one line for one person.

    Parameters
    ----------
    engine : from `open_store`
    assessment, line : what it is evidence of
    who, now : for the record, as for `assessment_form.AssessmentForm`
    frozen : files are only looked at
    told : called with the number of files when it may have changed
    """

    def __init__(
        self, engine: Engine, assessment: str, line: str, *, who: str, now: Callable[[], datetime], frozen: bool,
        told: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.engine, self.assessment, self.line, self.who, self.now = engine, assessment, line, who, now
        self.told, self.kept = told, pd.DataFrame()
        self.wrong, self.list, self.view = controls.block(""), controls.block(""), controls.box()
        most = settings()["evidence_megabytes"]
        self.upload = controls.files(f"添加照片或PDF（每个不超过{most}MB）", most=int(most))
        self.upload.observe(lambda change: self._taken(change["new"]), names="value")
        self.chosen, self.look = controls.selected("文件", [("请选择", "")]), controls.button("查看")
        self.look.on_click(lambda _: self.show())
        self.why, self.out = controls.text("撤下的理由"), controls.button("撤下", "danger")
        self.out.on_click(lambda _: self.withdraw())
        self.picking = controls.row(self.chosen, self.look, classes=["cx-pick"])
        self.taking = controls.row(self.why, self.out, classes=["cx-pick"])
        self.page = controls.box(self.list, self.picking, self.view, self.wrong, self.upload, self.taking,
                              classes=["cx-evidence"])  # fmt: skip
        self.frozen = frozen
        controls.visible(self.upload, not frozen)
        self.renew()

    def renew(self) -> None:
        """The files as they are stored now."""
        kept = attachments.attached(self.engine, self.assessment)
        self.kept = kept = kept[kept["line"] == self.line]
        controls.tell(self.list, "{said}", said=_listed(kept))
        self.chosen.options = [("请选择", ""), *((f"{row.name_}（{row.sha256[:12]}）", row.id)
                               for row in kept.rename(columns={"name": "name_"}).itertuples())]  # fmt: skip
        self.view.children = ()
        controls.visible(self.picking, bool(len(kept)))
        controls.visible(self.taking, bool(len(kept)) and not self.frozen)
        self.told(len(kept))

    def attach(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep files, each by its name and bytes; what is wrong with any of them is said."""
        wrong = []
        for name, data in files:
            try:
                attachments.attach(self.engine, self.assessment, self.line, name, data, who=self.who, at=self.now())
            except ChengxinError as error:
                wrong.append(str(error))
        self.renew()
        self._say(*wrong)

    def withdraw(self) -> None:
        """Take the chosen file out of the evidence, with a reason."""
        why = self.why.value.strip()
        if not self.chosen.value or not why:
            self._say("请选择文件并写明撤下的理由；文件和理由都留在记录中。")
            return
        try:
            attachments.withdraw(self.engine, self.chosen.value, who=self.who, at=self.now(), why=why)
        except ChengxinError as error:
            self._say(str(error))
        else:
            self.why.value = ""
            self.renew()
            self._say()

    def show(self) -> None:
        """Show the chosen file: a picture in the page, a document to be saved."""
        found = self.kept[self.kept["id"] == self.chosen.value].to_dict("records")
        if not found:
            self._say("请先选择文件。")
            return
        try:
            data = attachments.content(self.engine, found[0]["sha256"])
        except ChengxinError as error:
            self._say(str(error))
        else:
            self.view.children = (_picture(found[0], data),)
            self._say()

    def _taken(self, given: Any) -> None:
        if given:
            self.attach((each["name"], bytes(each["content"])) for each in given)
            self.upload.value = ()

    def _say(self, *wrong: str) -> None:
        """Say what went wrong, or nothing."""
        items = "".join(escaped("<p>{one}</p>", one=one) for one in wrong)
        said = f'<div class="cx-banner cx-bad" role="alert">{items}</div>' if wrong else ""
        controls.tell(self.wrong, "{said}", said=Html(said))


def _listed(kept: pd.DataFrame) -> Html:
    if kept.empty:
        return Html("<p class='cx-rule'>还没有照片或文件。</p>")
    rows = kept.assign(kb=(kept["size"] / 1024).round(0).clip(lower=1).astype("int64"), mark=kept["sha256"].str[:12])
    return tables.table(rows, {"name": "文件", "kb": "大小（KB）", "mark": "校验码（SHA-256前12位）"}, "照片和文件")


def _picture(row: dict[Any, Any], data: bytes) -> w.Widget:
    if row["media"] != "application/pdf":
        return controls.made(w.Image, "cx-photo", value=data, format=row["media"].removeprefix("image/"))
    coded = base64.b64encode(data).decode()
    words = '<a class="cx-link" download="{name}" href="data:application/pdf;base64,{coded}">下载“{name}”</a>'
    return controls.block(words, name=row["name"], coded=coded)
