"""A module imports only from modules above it; the core needs no database, widget or notebook."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "chengxin"
ORDER = [
    "moment",
    *("errors", "places", "rules", "strictyaml", "shape", "settings", "readings", "model", "checks", "variants"),
    *("rubric", "diff", "faults", "grid", "judge", "figures", "ties", "sums", "scoring", "placing", "explain"),
    "improving",
    *("reweigh", "clock", "unit_settings", "surveys", "measures", "tallies", "ledgers"),
    *(
        "agreement",
        "form",
        "quarters",
        "crosscheck",
        "standing",
        "grounds",
        "filings",
        "planning",
        "sampling",
    ),
    *(
        "labtable",
        "changing",
        "whatif",
        "openpoints",
        "panel",
        "merchants",
        "drawing",
        "robustness",
        "variance",
        "linestats",
        "samplesize",
    ),
    *("consistency", "variantfile", "lab"),  # the core ends here
    *("csvfiles", "cells", "schema", "states", "account_tables", "registers", "entries", "rows"),
    *(
        "migrations",
        "readers",
        "changes",
        "access",
        "narrowing",
        "accounts",
        "store",
        "drafts",
        "inspected",
        "exchange",
        "held",
        "gather",
        "labsource",
        "acts",
    ),
    *("evidence", "work", "workflow", "filework", "filesteps"),
    *("ledgerwords", "paste", "ledgerbook", "citycounts", "overview", "weakspots"),
    *("breakdown", "closeup", "pointwatch", "pointfigures"),
    *(
        "vega",
        "charts",
        "chartserver",
        "tables",
        "pages",
        "scoresheets",
        "views",
        "areacard",
        "pointadvice",
        "yearly",
        "comparison",
        "rechecked",
    ),
    *(
        "forks",
        "kernels",
        "reports",
        "rendering",
        "document",
        "steady",
        "workbook",
        "pdf",
        "wordpage",
        "word",
        "poster",
        "exports",
    ),
    *("making", "manifest", "cluster", "batch", "publish"),
    *("parts", "savebar", "visitor", "formwords", "autosave", "lineform", "evidenceform", "gridform"),
    *("assessform", "assesspage"),
    *(
        "board",
        "citywords",
        "scheme",
        "weakwords",
        "trendline",
        "citysheets",
        "citypage",
        "areawords",
        "areasheet",
        "areasheets",
        "areapage",
        "pointwords",
        "pointsheets",
        "pointpage",
    ),
    *("itemform", "filingform", "filingpage", "rowform", "ledgerpage"),
    *("labcharts", "labmemo", "labshelf", "labrule", "labwalk", "labviews", "labform", "labpage"),
    *("signin", "finished", "guard", "site", "server"),
    *(
        "console",
        "ledger_commands",
        "weigh_commands",
        "act_commands",
        "agreement_commands",
        "lab_commands",
        "report_commands",
        "score_commands",
        "bench_commands",
        "site_commands",
        "cli",
    ),
]
CORE = ORDER[: ORDER.index("lab") + 1]
OUTSIDE_CORE = {"sqlalchemy", "alembic", "ipywidgets", "nbformat", "papermill"}
PATHS = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module imported anywhere in a file, in functions as well, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_the_walk_sees_every_way_to_import(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("import x.y\nfrom z import w\ndef f():\n    from chengxin import store\n", "utf-8")
    assert imported(path) == {"x.y", "z.w", "chengxin.store"}
    assert PATHS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_above(path):
    module = module_of(path)
    assert module in ORDER, f"{module} has no place in the order of modules"
    inside = {name.split(".")[1] for name in imported(path) if name.startswith("chengxin.")} - {"__version__", module}
    above = ORDER[: ORDER.index(module)]
    assert not inside - set(above), f"{module} imports from below"
    if module in CORE:
        assert not {name.split(".")[0] for name in imported(path)} & OUTSIDE_CORE


@pytest.mark.parametrize("path", [*PATHS, PACKAGE / "__init__.py"], ids=lambda path: path.stem)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_module_stays_small(path):
    length = len(path.read_text("utf-8").splitlines())
    assert length <= 300, f"{path.name}: {length} lines"
