"""Every private part of Jupyter and its libraries that the kit uses, and what is done where one is missing.

Private is what a library may change without a word: a name with an underscore, a module path or a method that its
documents do not name. Each such part is a `Part` below, and no other module touches one (a test looks). Where a later
version has lost a part, the stock way is taken and the log says so in one sentence; only `APPLICATION` has no stock
way, since without it nothing of the site would be guarded.

Importing this module imports none of the libraries.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from chengxin.errors import UsageError

TRIED = {  # library → lowest and highest version that the tests were run with
    "ipykernel": ("7.0.0", "7.4.0"),
    "ipywidgets": ("8.1.0", "8.1.9"),
    "jupyter-client": ("8.6.0", "8.10.0"),
    "tornado": ("6.5", "6.6.1"),
    "voila": ("0.5.8", "0.5.13"),
}


@dataclass(frozen=True)
class Part:
    """One private part.

    Parameters
    ----------
    library : its distribution, a key of `TRIED`
    names : each ``module:Class.attribute``; the part is there when all of them are
    reason : what it is for, and why no public name does
    without : what is done where it is missing, as a Chinese sentence for the log
    """

    library: str
    names: tuple[str, ...]
    reason: str
    without: str


ENDING = Part(
    "jupyter-client",
    ("jupyter_client.manager:KernelManager._async_wait",),
    "the end of a kernel is looked for every 0.01 s; the 0.1 s of the library, which has no setting for it, would be "
    "a fifth of a report",
    "内核结束按库的间隔等待，每份报告慢约0.1秒",
)
EXPORTER = Part(
    "voila",
    ("voila.notebook_renderer:VoilaExporter", "voila.exporter:VoilaExporter.environment"),
    "a page's templates are compiled once, not for every page; Voilà has no setting for its exporter",
    "每打开一页都重新编译模板，打开稍慢",
)
CLASSES = Part(
    "ipywidgets",
    ("ipywidgets:DOMWidget._dom_classes",),
    "a widget is made with its classes, and gets others, in one message; `add_class` sends one for each",
    "样式类逐个设置，表单打开稍慢",
)
COMMS = Part(
    "ipykernel",
    ("ipykernel.comm.comm:BaseComm.kernel", "ipywidgets:Widget.handle_control_comm_opened"),
    "widgets of the slow half of a page are made before the browser is told of them, which then asks for all at once",
    "页面的内容在打开前一次做完，打开稍慢",
)
STREAM = Part(
    "tornado",
    ("tornado.http1connection:HTTP1Connection", "tornado.iostream:BaseIOStream.closed"),
    "whether a reader has gone before the handler of their page began, of which `on_connection_close` does not tell",
    "读者提前离开的，其内核到闲置时才结束",
)
APPLICATION = Part(
    "voila",
    ("voila.app:Voila.init_settings", "voila.app:Voila.init_handlers", "voila.app:Voila.listen"),
    "the site keeps few of Voilà's addresses and puts a guard before each; Voilà only has settings that add to them",
    "网站不能打开",
)
PARTS = (ENDING, EXPORTER, CLASSES, COMMS, STREAM, APPLICATION)


@cache
def there(part: Part) -> bool:
    """Whether the installed library has a part; where not, the log says once what is done instead."""
    try:
        for name in part.names:
            module, _, path = name.partition(":")
            found: Any = import_module(module)
            for step in path.split("."):
                found = getattr(found, step)
    except (ImportError, AttributeError):
        missing(part, name)
        return False
    return True


@cache
def missing(part: Part, name: str) -> None:
    """Say in the log, once, that a part is missing and what is done instead."""
    lowest, highest = TRIED[part.library]
    logging.getLogger("chengxin").warning(
        "已装的%s没有“%s”（试过的版本为%s至%s），%s。", part.library, name, lowest, highest, part.without
    )


class QuickEnd:
    """Mixed into a kernel manager: the end of its kernel is looked for every 0.01 s; see `ENDING`."""

    async def _async_wait(self, *_: object, **__: object) -> None:
        await super()._async_wait(pollinterval=0.01)  # type: ignore[misc]


def use_quick_exporter() -> None:
    """Have Voilà render pages with an exporter that keeps the compiled templates; see `EXPORTER`."""
    if there(EXPORTER):
        import_module("voila.notebook_renderer").VoilaExporter = _quick_exporter()  # type: ignore[attr-defined]


@cache
def _quick_exporter() -> Any:
    from jinja2.bccache import Bucket, BytecodeCache
    from voila.exporter import VoilaExporter

    class Compiled(BytecodeCache):
        """Compiled templates of this server: Voilà's exporter compiles all of a page's for every page."""

        def __init__(self) -> None:
            self.code_by_key: dict[str, bytes] = {}

        def load_bytecode(self, bucket: Bucket) -> None:
            if bucket.key in self.code_by_key:
                bucket.bytecode_from_string(self.code_by_key[bucket.key])

        def dump_bytecode(self, bucket: Bucket) -> None:
            self.code_by_key[bucket.key] = bucket.bytecode_to_string()

    compiled = Compiled()

    class Exporter(VoilaExporter):  # type: ignore[misc]
        """Voilà's exporter with the compiled templates kept."""

        @property
        def environment(self) -> Any:
            environment = super().environment
            environment.bytecode_cache = compiled
            return environment

    return Exporter


def unusable(names: Iterable[str]) -> UsageError:
    """The error that the installed Voilà lacks what the site's guards hang on."""
    tried = TRIED[APPLICATION.library][1]
    return UsageError(f"已装的Voilà缺少{'、'.join(sorted(names))}，网站不能打开。请运行：pip install voila=={tried}")


def application() -> Any:
    """Voilà's application with three places for a site to put its own: see the class that is returned.

    Raises
    ------
    UsageError : this Voilà has lost a part that the guards hang on
    """
    if not there(APPLICATION):
        raise unusable(APPLICATION.names)
    from voila.app import Voila

    class Application(Voila):  # type: ignore[misc]
        """`settled` is given Voilà's settings, `guarded` its addresses; `opened` listens instead of it."""

        def init_settings(self) -> dict[str, Any]:
            settings: dict[str, Any] = self.settled(super().init_settings())
            return settings

        def init_handlers(self) -> list[Any]:
            handlers: list[Any] = self.guarded(super().init_handlers())
            return handlers

        def listen(self) -> None:
            self.opened()

    return Application


def reader_gone(handler: Any) -> Callable[[], bool]:
    """Whether the reader of a page that is being made has closed the line, asked as often as one likes.

    Parameters
    ----------
    handler : the page's; its ``gone`` is set when tornado tells it so, which may be too late
    """
    try:
        closed: Callable[[], bool] = handler.request.connection.stream.closed
    except AttributeError:
        missing(STREAM, "HTTP1Connection.stream")
        return lambda: bool(handler.gone)
    return closed


def classes_of(widget: Any) -> tuple[str, ...]:
    """The classes of a widget."""
    return tuple(widget._dom_classes if there(CLASSES) else getattr(widget, "chengxin_classes", ()))


def set_classes(widget: Any, classes: Sequence[str]) -> None:
    """Give a widget these classes and no others; nothing is sent where they stay the same."""
    before = classes_of(widget)
    if before == tuple(classes):
        return
    if there(CLASSES):
        widget._dom_classes = tuple(classes)
        return
    for name in set(before) - set(classes):
        widget.remove_class(name)
    for name in dict.fromkeys(classes):
        widget.add_class(name)
    widget.chengxin_classes = tuple(classes)


def with_classes(kind: Callable[..., Any], classes: Sequence[str], **options: Any) -> Any:
    """A new widget of a kind that has these classes from the beginning."""
    if there(CLASSES):
        return kind(**options, _dom_classes=tuple(classes))
    widget = kind(**options)
    set_classes(widget, classes)
    return widget


def when_asked_for_widgets(work: Callable[[], None]) -> None:
    """Do some work before the browser, when it is ready, is answered what widgets there are; needs `COMMS`."""
    import comm
    import ipywidgets

    def answer(line: Any, message: Any) -> None:
        work()
        ipywidgets.Widget.handle_control_comm_opened(line, message)

    comm.get_comm_manager().register_target("jupyter.widget.control", answer)


@contextmanager
def unannounced() -> Iterator[None]:
    """Widgets that are made meanwhile are not told to the browser, which asks for all later; needs `COMMS`."""
    import comm
    from ipykernel.comm.comm import BaseComm
    from ipykernel.kernelbase import Kernel

    def line(**about: Any) -> BaseComm:
        made = BaseComm(**{**about, "primary": False})  # type: ignore[no-untyped-call]
        made.kernel = Kernel.instance()  # else set when it is announced, and nothing is sent before
        comm.get_comm_manager().register_comm(made)
        return made

    announced = comm.create_comm
    comm.create_comm = line
    try:
        yield
    finally:
        comm.create_comm = announced
