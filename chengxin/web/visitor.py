"""Who is at a page, what its address asks for, and what a page may do while its reader's browser gets ready.

The address is only looked up; it cannot say who somebody is.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import ipywidgets as w

from chengxin.errors import ChengxinError
from chengxin.jupyter import compat
from chengxin.render import html
from chengxin.store.access import LOCAL, current
from chengxin.web import controls

DEMO = "demo"  # the account of a site without sign-in
LONGEST = 2000  # letters of an address that are looked at
SOON = 0.02  # seconds: the server has then heard that the notebook is through


def asked() -> dict[str, str]:
    """What the page's address asks for, as texts, the last where a name is repeated, and who is signed in; empty
    outside the server."""
    given = parse_qsl(os.environ.get("QUERY_STRING", "")[:LONGEST])
    reader = current()
    who = {} if reader is LOCAL else {"who": reader.name}
    return dict(given) | who


def name_field(given: Mapping[str, str]) -> w.Text:
    """Where a person gives a name; fixed for those who signed in, since changes are recorded under the account's.

    Parameters
    ----------
    given : from `asked`
    """
    field = controls.text("填写人姓名", given.get("who", "")[:40])
    field.disabled = current() is not LOCAL and current().who != DEMO
    return field


def loop_of_kernel() -> asyncio.AbstractEventLoop | None:
    """The loop that this kernel answers in; None in a plain program."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def afterwards(work: Callable[[], None], stage: w.Box) -> None:
    """Do the slow part of a page while its reader's browser gets ready; at once where no server waits for the page.

    The browser asks for all widgets when it is ready, and is answered after the work. Until then it is told of none:
    of half a page it could make nothing.

    Parameters
    ----------
    work : gives the stage its children; a `ChengxinError` of it is told instead
    stage : holds a line that says so until then, and for good if the work fails
    """
    loop = loop_of_kernel()
    if loop is None or not html.served() or not compat.there(compat.COMMS):
        _done(work, stage)
        return
    stage.children = (controls.block('<p class="cx-banner" role="status">正在打开，请稍候。</p>'),)
    waiting = [work]

    def once() -> None:
        while waiting:
            _quietly(waiting.pop(), stage)

    loop.call_later(SOON, once)
    compat.when_asked_for_widgets(once)


def _quietly(work: Callable[[], None], stage: w.Box) -> None:
    with compat.unannounced():
        try:
            _done(work, stage)
        except Exception:
            said = "没有打开，已填的内容都还在。请刷新本页；仍不行请告知管理员。"
            stage.children = (controls.block('<p class="cx-banner cx-bad" role="alert">{said}</p>', said=said),)
            raise


def _done(work: Callable[[], None], stage: w.Box) -> None:
    try:
        work()
    except ChengxinError as error:
        said = controls.block('<p class="cx-banner" role="status">{error}</p>', error=error)
        stage.children = (controls.box(controls.shown(html.style()), said, classes=["cx-page", "cx-broad"]),)
