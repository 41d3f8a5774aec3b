"""Private parts of Jupyter: all in one module, tried with the versions it says, and what is done without each."""

import ast
import asyncio
import inspect
import logging
import pkgutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as w
import nbformat
import pytest
from books import TRIVIAL, book
from jupyter_client.manager import KernelManager
from packaging.requirements import Requirement
from packaging.version import Version
from stores import sample_database

import chengxin
from chengxin.errors import UsageError
from chengxin.jupyter import compat
from chengxin.jupyter.kernels import QuickKernel
from chengxin.reports.run import execute
from chengxin.web import controls, visitor

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "chengxin").rglob("*.py"))
COMPAT = ROOT / "chengxin" / "jupyter" / "compat.py"
ALLOWED = {
    "_exit": "os: documented in spite of its name",
    "_run_exitfuncs": "atexit: a forked child ends without the interpreter's own end, as in multiprocessing",
    **dict.fromkeys(
        ("_blob", "_inline", "_p", "_r", "_tbl", "_tc", "_tr"),
        "python-docx: its documents show these for what it has no method for",
    ),
}
OURS = ("chengxin.jupyter", "chengxin.reports", "chengxin.web")  # folders whose classes may have Jupyter's as bases


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("_")


def own_names(tree: ast.Module) -> set[str]:
    """What a module itself calls so: functions, classes, variables, fields."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    targets = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return names | {node.attr for node in targets if isinstance(node.value, ast.Name) and node.value.id == "self"}


def foreign(tree: ast.Module) -> set[str]:
    """Private names of others that a module touches: attributes, imported names and modules, keyword arguments."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("chengxin"):
            found |= {*str(node.module).split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {step for alias in node.names for step in alias.name.split(".")}
        elif isinstance(node, ast.Call):
            found |= {str(keyword.arg) for keyword in node.keywords}
    return {name for name in found if private(name)} - own_names(tree)


OWN = set().union(*(own_names(ast.parse(path.read_text("utf-8"))) for path in SOURCES if path != COMPAT))


@pytest.mark.parametrize("path", [path for path in SOURCES if path != COMPAT], ids=lambda path: path.stem)
def test_no_other_module_touches_a_private_name(path):
    assert foreign(ast.parse(path.read_text("utf-8"))) - OWN <= ALLOWED.keys()


@pytest.mark.parametrize(
    "code",
    ["x._a", "super()._a()", "from b import _a", "import b._a", "from b._a import c", "f(_a=1)", "self._a", "b._a = 1"],
)
def test_the_scan_sees_a_private_name_of_another(code):
    assert foreign(ast.parse(code)) == ({"_a"} if code != "self._a = 1" else set())
    assert foreign(ast.parse(f"def _a(): ...\n{code}")) == set()


def test_what_is_allowed_is_used():
    used = {name for path in SOURCES if path != COMPAT for name in foreign(ast.parse(path.read_text("utf-8")))}
    assert used - OWN == ALLOWED.keys()


def classes():
    """All classes of the folders that build on Jupyter's."""
    for folder in OURS:
        package = import_module(folder)
        for each in pkgutil.walk_packages(package.__path__, f"{folder}."):
            for _, kind in inspect.getmembers(import_module(each.name), inspect.isclass):
                if kind.__module__ == each.name:
                    yield kind


def test_no_class_overrides_a_private_method_of_another():
    wrong = [
        f"{kind.__qualname__}.{name}"
        for kind in classes()
        if kind.__module__ != compat.__name__
        for name, value in vars(kind).items()
        if private(name)
        and inspect.isroutine(value)
        and any(name in vars(base) for base in kind.__mro__ if not base.__module__.startswith(chengxin.__name__))
    ]
    assert wrong == []


@pytest.mark.parametrize("part", compat.PARTS, ids=lambda part: part.names[0])
def test_the_installed_versions_have_every_part(part):
    assert compat.there(part)
    assert part.reason
    assert part.library in compat.TRIED


@pytest.mark.parametrize("library", compat.TRIED)
def test_the_versions_it_was_tried_with_are_the_lowest_admitted_and_the_locked(library):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (wanted,) = [each for each in map(Requirement, project["dependencies"]) if each.name == library]
    (lowest,) = [limit.version for limit in wanted.specifier if limit.operator == ">="]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert Version(compat.TRIED[library][0]) == Version(lowest)
    assert f"\n{library}=={compat.TRIED[library][1]} \\\n" in lock


@pytest.fixture(autouse=True)
def fresh_memory():
    """What was found or said once is forgotten before and after a test."""
    for each in (compat.there, compat.missing):
        each.cache_clear()
    yield
    for each in (compat.there, compat.missing):
        each.cache_clear()


def gone(monkeypatch, name):
    """A part under a name that no version has, as if the library had renamed it."""
    part = getattr(compat, name)
    monkeypatch.setattr(compat, name, replace(part, names=(f"{part.names[0]}_gone",)))
    return getattr(compat, name)


@pytest.mark.parametrize("name", ["ENDING", "EXPORTER", "CLASSES", "COMMS", "STREAM", "APPLICATION"])
def test_a_missing_part_is_said_once_in_one_sentence(monkeypatch, caplog, name):
    part = gone(monkeypatch, name)
    assert [compat.there(part), compat.there(part)] == [False, False]
    (said,) = [record.getMessage() for record in caplog.records if record.name == "chengxin"]
    assert said.startswith(f"已装的{part.library}没有“{part.names[0]}”")
    assert said.endswith(f"，{part.without}。")
    assert said.count("。") == 1


def test_a_kernel_runs_and_ends_where_its_end_is_looked_for_the_stock_way(monkeypatch, caplog, tmp_path):
    async def finish(self, pollinterval=0.1, **_):
        while await self.is_alive():
            await asyncio.sleep(pollinterval)

    monkeypatch.delattr(KernelManager, "_async_wait")
    monkeypatch.setattr(KernelManager, "_async_finish_shutdown", finish)
    cells = [nbformat.v4.new_code_cell("import os\nos.getpid()")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "x.ipynb")
    executed = execute(tmp_path / "x.ipynb", None, {}, QuickKernel, 60)
    pid = executed.cells[-1].outputs[0].data["text/plain"]
    assert not Path(f"/proc/{pid}").exists()
    assert compat.ENDING.without in caplog.text


SITE = """import os, sys, threading, urllib.request
from dataclasses import replace
from pathlib import Path
from chengxin.jupyter import compat
from chengxin.store.engine import address_of
compat.EXPORTER = replace(compat.EXPORTER, names=("voila.gone:Exporter",))
def ask(address):
    with urllib.request.urlopen(address + "voila/render/entry/trivial.ipynb") as answer:
        print(answer.status, b"voila_finish" in answer.read(), flush=True)
    os.kill(os.getpid(), 15)
from chengxin.web.server.serve import serve
serve(address_of(sys.argv[1]).render_as_string(hide_password=False), port=0, demo=True, notebooks=Path(sys.argv[2]),
      ready=lambda address: threading.Thread(target=ask, args=[address]).start())"""


def test_a_page_is_served_with_voilas_own_exporter(tmp_path):
    book(tmp_path / "notebooks" / "entry" / "trivial.ipynb", TRIVIAL, title="一个数")
    call = [sys.executable, "-c", SITE, sample_database(tmp_path / "chengxin.db"), tmp_path / "notebooks"]
    done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert done.stdout == "200 True\n"
    assert done.stderr.rstrip().endswith(f"{compat.EXPORTER.without}。")
    assert done.stderr.count("\n") == 1


def test_widgets_have_their_classes_one_by_one(monkeypatch):
    gone(monkeypatch, "CLASSES")
    widget = controls.made(w.HTML, "cx-one", "cx-two", value="x")
    assert (widget.value, compat.classes_of(widget)) == ("x", ("cx-one", "cx-two"))
    controls.mark(widget, "bad")
    controls.visible(widget, False)
    assert set(widget._dom_classes) == {"cx-one", "cx-two", "cx-bad", "cx-off"}
    controls.mark(widget, "")
    controls.visible(widget, True)
    assert set(widget._dom_classes) == {"cx-one", "cx-two"}


def test_a_page_is_made_at_once_where_widgets_cannot_be_kept_back(monkeypatch):
    gone(monkeypatch, "COMMS")
    monkeypatch.setattr(visitor.html, "served", lambda: True)
    stage = w.VBox()

    async def open_page():
        visitor.afterwards(lambda: setattr(stage, "children", (w.Label("内容"),)), stage)
        return [each.value for each in stage.children]

    assert asyncio.run(open_page()) == ["内容"]


@pytest.mark.parametrize("connection", [SimpleNamespace(), SimpleNamespace(stream=None)])
def test_a_reader_who_left_is_known_from_tornados_word(caplog, connection):
    handler = SimpleNamespace(request=SimpleNamespace(connection=connection), gone=False)
    left = compat.reader_gone(handler)
    assert not left()
    handler.gone = True
    assert left()
    assert compat.STREAM.without in caplog.text


@pytest.mark.parametrize("method", ["init_settings", "init_handlers", "listen"])
def test_the_site_does_not_open_unguarded(monkeypatch, method):
    voila = import_module("voila.app").Voila
    monkeypatch.delattr(voila, method)
    with pytest.raises(UsageError, match=rf"缺少.*{method}.*网站不能打开。请运行：pip install voila==0\.5"):
        compat.application()


def test_the_site_does_not_open_without_an_address_that_it_guards():
    from chengxin.web.server.app import GUARDS, Site

    site = SimpleNamespace(base_url="/", demo=True)
    handlers = [(f"/{address.replace('*', '(.*)')}", logging.Handler) for address in GUARDS]
    assert len(Site.guarded(site, handlers)) == len(GUARDS) + 2
    with pytest.raises(UsageError, match="缺少voila/templates/"):
        Site.guarded(site, [each for each in handlers if "templates" not in each[0]])
