"""Do the tests bite? Small wrong changes to the code, one at a time, and the share the tests notice.

Each change (a comparison, an operator, a number, a condition, a returned value, a statement left out) is put into a
process of its own, forked from one that has everything imported; it runs the tests of the module's folder, the file
of the same name first, until one fails. On a sample of N changes a module, drawn by ``--seed``. Tests on PostgreSQL
are left out, they repeat those on SQLite, and so are a few slow ones (``SLOW``). Prints Markdown: a row for every
module, then the changes nobody noticed, each with its place.
Run: ``python bench/mutate.py [--sample N] [--seed S] [--minutes M] [FILE …]``.
"""

import argparse
import ast
import contextlib
import copy
import functools
import importlib
import importlib.machinery
import inspect
import io
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
STORE = ("access", "narrowing", "drafts", "states")
SLOW = (
    "postgresql", "thousands", "random_observations", "county_report", "hundred_kills", "random_filings", "and_say_so",
)  # fmt: skip
FAST = " and ".join(f"not {name}" for name in SLOW)  # the slow ones would cost minutes a change
ARGUMENTS = (
    "-x", "-q", "-p", "no:nbval", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", FAST,
    "--override-ini", "addopts=--import-mode=importlib", "--assert", "plain",
)  # fmt: skip
OTHERWISE: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
}  # fmt: skip
SHARED = {"store": "test_access.py", "ledgers": "test_observe.py"}  # for a module without a test file of its name
LIMIT = 60  # seconds; what takes longer than this counts as noticed


def modules() -> list[Path]:
    """What decides points, judgements and rights."""
    package = ROOT / "chengxin"
    folders = [package / "rubric", package / "scoring", package / "ledgers", package / "ledgers" / "filings"]
    files = [path for folder in folders for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]
    return files + [package / "store" / f"{name}.py" for name in STORE]


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """The wrong versions of one node."""
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            for other in OTHERWISE[type(op)]:
                yield _with(node, ops=[*node.ops[:n], other(), *node.ops[n + 1 :]])
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and not _text(node):
        yield from (_with(node, op=other()) for other in OTHERWISE.get(type(node.op), ()))
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _with(node, value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (_with(node, value=node.value + step) for step in (1, -1))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield _with(node, value=ast.Constant(None))
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)):
        yield ast.Pass()


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _text(node: ast.AST) -> bool:
    """Joining texts or lists: minus has no meaning there."""
    sides = (getattr(node, name, None) for name in ("left", "right", "value"))
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) or isinstance(getattr(side, "value", None), str)
        for side in sides
    )


def _spots(tree: ast.AST, name: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Nodes that run, with the function they stand in ("" outside of all); no annotations, no decorators."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST):
                yield node, name
                yield from _spots(node, _inside(node, name))


def _inside(node: ast.AST, name: str) -> str:
    """The outermost function, in its class: ``Rubric.line``; a class is written ``Rubric.``."""
    if isinstance(node, ast.ClassDef) and (not name or name.endswith(".")):
        return f"{name}{node.name}."
    if isinstance(node, ast.FunctionDef) and (not name or name.endswith(".")):
        return name + node.name
    return name


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


class Mutant:
    """One wrong version of a module."""

    def __init__(self, path: Path, spot: int, choice: int) -> None:
        tree = ast.parse(path.read_text("utf-8"))
        node, self.function = list(_spots(tree))[spot]
        new = list(changes(node))[choice]
        self.path, self.line = path, node.lineno
        self.change = f"`{_brief(node)}` → `{_brief(new)}`"
        self.code = compile(ast.fix_missing_locations(_Put(node, new).visit(tree)), str(path), "exec")

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def put(self) -> None:
        """Into the function where it stands; what runs on import is imported anew."""
        try:
            code = next(code for code in _codes(self.code) if code.co_qualname == self.function)
            _function(importlib.import_module(self.module), self.function).__code__ = code
        except (StopIteration, AttributeError, KeyError, ValueError, TypeError):
            self._import_anew()

    def _import_anew(self) -> None:
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith((f"{ROOT}/chengxin", f"{ROOT}/tests")):
                del sys.modules[name]
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """For the import system: this module with the change, all others as they are."""
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec
        assert spec.loader
        spec.loader.get_code = lambda _: self.code  # type: ignore[attr-defined]
        return spec


def _brief(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]
    return text if len(text) < 90 else text[:89] + "…"


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def _function(owner: Any, name: str) -> Any:
    """The function object behind properties, caches and class methods."""
    for part in name.split("."):
        owner = vars(owner)[part]
    for attribute in ("fget", "func", "__func__"):
        owner = getattr(owner, attribute, None) or owner
    return inspect.unwrap(owner)


def tests_of(path: Path) -> list[str]:
    """The test file of the same name first, then the others of the folder."""
    folder = ROOT / "tests" / path.parent.relative_to(ROOT / "chengxin")
    named = folder / f"test_{path.stem}.py"
    if path.parent.name in ("store", "ledgers"):
        return [str(named)] if named.exists() else [str(folder / SHARED[path.parent.name])]
    others = [file for file in sorted(folder.glob("test_*.py")) if file != named]
    return [*map(str, [named] * named.exists()), *map(str, others)]


def passes(tests: list[str], mutant: Mutant | None = None) -> bool:
    """Whether the tests pass in a forked process, with a change or without."""
    child = os.fork()
    if not child:
        os.setsid()
        signal.alarm(LIMIT)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = 1
            with contextlib.suppress(BaseException):
                if mutant:
                    mutant.put()
                code = int(pytest.main([*tests, *ARGUMENTS]))
        os._exit(code)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the tests of a stopped process left running
    return status == 0


def drawn(path: Path, sample: int, seed: int) -> list[tuple[int, int]]:
    """Some of a module's changes: number of the node, and which of its wrong versions."""
    nodes = [node for node, _ in _spots(ast.parse(path.read_text("utf-8")))]
    every = [(n, k) for n, node in enumerate(nodes) for k, _ in enumerate(changes(node))]
    return random.Random(f"{seed} {path.stem}").sample(every, min(sample, len(every)))


def preload() -> None:
    """Import once what every forked process needs."""
    sys.path.insert(0, str(ROOT / "tests"))
    os.chdir(ROOT)
    for path in modules():
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for name in ("conftest", "hypothesis", "hypothesis.extra.numpy", "chengxin.exchange.load", "_pytest.doctest"):
        importlib.import_module(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="modules; all that decide points, judgements and rights")
    parser.add_argument("--sample", type=int, default=10, help="changes drawn from each module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so many minutes")
    asked = parser.parse_args()
    preload()
    until = time.monotonic() + 60 * asked.minutes
    missed: list[Mutant] = []
    say = functools.partial(print, flush=True)
    say("| module | changes | noticed | % |\n| --- | ---: | ---: | ---: |")
    for path in [file.resolve() for file in asked.files] or modules():
        tests = tests_of(path)
        if time.monotonic() > until or not passes(tests):
            say(f"| {path.relative_to(ROOT)} | not tried: no time left, or its tests fail without a change | | |")
            continue
        tried, before = 0, len(missed)
        for spot, choice in drawn(path, asked.sample, asked.seed):
            mutant = Mutant(path, spot, choice)
            missed += [mutant] * passes(tests, mutant)
            tried += 1
        noticed = tried - len(missed) + before
        say(f"| {path.relative_to(ROOT)} | {tried} | {noticed} | {100 * noticed / max(tried, 1):.0f} |")
    say("\nNobody noticed:\n")
    for mutant in missed:
        say(f"- {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.change}")


if __name__ == "__main__":
    main()
