"""The row of buttons with which a page lets what it shows be saved as a file, in Voilà and in JupyterLab.

One line in a page: ``save_bar(self.shown)``. The file is made in the kernel when asked for and goes to the browser over
the page's own line; nothing is written on the server and no address leads to it.
"""

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets as t

from chengxin.errors import ChengxinError
from chengxin.paths import TEMPLATES
from chengxin.web.exports import FORMATS, Shown, file_name, to_csv


class SaveBar(anywidget.AnyWidget):
    """The buttons in the browser; formats: ending → words on the button."""

    _esm = TEMPLATES / "widgets" / "save.js"
    formats = t.Dict().tag(sync=True)

    def __init__(self, shown: Callable[[], Shown]) -> None:
        super().__init__(formats={ending: words for ending, (words, *_) in FORMATS.items()})
        self._shown = shown
        self.on_msg(self._heard)

    def _heard(self, _: Any, content: Any, __: Any) -> None:
        """What the browser asks for; what is no known format is ignored."""
        asked = content if isinstance(content, dict) else {}
        ending, sheet = str(asked.get("format")), str(asked.get("sheet") or "")
        if ending not in FORMATS:
            return
        try:
            answer, files = self._made(ending, sheet)
        except ChengxinError as error:
            answer, files = {"said": str(error)}, []
        except Exception:
            self.send({"said": "文件没有生成，请刷新本页后再试。"})
            raise
        self.send(answer, files)

    def _made(self, ending: str, sheet: str) -> tuple[dict[str, Any], list[bytes]]:
        shown = self._shown()
        names = [each.name for each in shown.sheets]
        if ending == "csv" and not sheet and len(names) > 1:
            return {"said": "", "format": ending, "sheets": names}, []
        _, media, make = FORMATS[ending]
        made = to_csv(shown, sheet) if ending == "csv" else make(shown)
        name = file_name(shown, ending, sheet if ending == "csv" else "")
        return {"said": f"已生成“{name}”。", "name": name, "media": media}, [made]


def save_bar(shown: Callable[[], Shown]) -> SaveBar:
    """Buttons PNG, XLSX and CSV for a page.

    Parameters
    ----------
    shown : called at each click; says what the page shows then
    """
    return SaveBar(shown)
