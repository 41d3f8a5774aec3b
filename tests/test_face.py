"""What `import chengxin` offers: the names, lazily, typed, each with an example; and a data scientist's five lines."""

import ast
import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import chengxin
from chengxin.paths import place

NAMES = [
    "agreement", "explain", "improvements", "load_rubric", "observe", "open_store", "rank", "rank_intervals",
    "read_observations", "readings_effect", "score", "totals", "what_if",
]  # fmt: skip
HEAVY = {"sqlalchemy", "alembic", "ipywidgets", "nbformat", "papermill", "pandas", "numpy", "pydantic", "IPython",
         "scipy", "yaml", "tornado", "pyarrow", "polars"}  # fmt: skip


def loaded(code: str) -> set[str]:
    """Packages that a fresh interpreter has loaded after running the code."""
    call = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_it_loads_nothing_heavy():
    modules = loaded("import chengxin")
    assert "chengxin" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("name", ["score", "explain", "read_observations", "what_if", "rank_intervals", "observe"])
def test_the_core_loads_no_database_widget_or_notebook(name):
    assert not loaded(f"import chengxin\nchengxin.{name}") & (
        HEAVY - {"pandas", "numpy", "pydantic", "scipy", "yaml", "pyarrow"}
    )


def test_completion_shows_exactly_the_names():
    assert dir(chengxin) == sorted(chengxin.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_function_with_an_example_in_its_docstring(name):
    made = getattr(chengxin, name)
    assert inspect.isfunction(made)
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(made))
    assert any(name in example.source or made.__name__ in example.source for example in examples)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        chengxin.no_such_name  # noqa: B018


def test_it_ships_its_types():
    folder = Path(chengxin.__file__).parent
    assert (folder / "py.typed").is_file()
    stub = ast.parse((folder / "__init__.pyi").read_text("utf-8"))
    offered = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert offered == set(NAMES)


def test_the_five_lines_on_a_plain_file(tmp_path):
    head, *rows = (place("sample_data") / "observations.csv").read_text("utf-8").splitlines()
    rows = [row for row in rows if "-J" in row.split(",")[0]]
    (tmp_path / "obs.csv").write_text("\n".join([head, *rows]), "utf-8")
    code = """
import chengxin
street = chengxin.load_rubric("street")
seen = chengxin.read_observations("obs.csv")
sheet = chengxin.score(street, seen)
print(chengxin.totals(sheet)[["assessment", "total"]].to_csv(index=False))
"""
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.split()
    assert lines[0] == "assessment,total"
    assert len(lines) == 1 + len({row.split(",")[0] for row in rows})
