"""Documents say what the kit does: examples run, links lead somewhere, what is generated is as the code gives it."""

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import typer
import yaml
from conftest import COMMAND
from stores import sample_database

from chengxin.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "rubrics").glob("*.md"),
        ROOT / "sample_data/README.md",
    ]
)
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
READMES = ("README.md", "README.zh-CN.md")
PASSWORD = "three odd words 7\n"


def tool(name):
    """A script of docs/, loaded as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / f"docs/{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make, pictures = tool("make"), tool("pictures")


def blocks(page, *kinds):
    """Fenced blocks of a page whose info string is one of these."""
    return [text for info, text in BLOCK.findall(page.read_text("utf-8")) if info in kinds]


def commands(page, *kinds):
    """Commands of the kit in the blocks of a page, as lists of words."""
    lines = [line for text in blocks(page, *kinds) for line in text.splitlines()]
    return [shlex.split(line.removeprefix("$ "))[1:] for line in lines if line.startswith("$ chengxin ")]


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def those_with(*kinds):
    return [page for page in PAGES if blocks(page, *kinds)]


# ---- examples ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A folder with obs.csv: the streets of the sample."""
    folder = tmp_path_factory.mktemp("street")
    seen = pd.read_csv(ROOT / "sample_data/observations.csv", dtype=str, keep_default_na=False)
    kinds = pd.read_csv(ROOT / "sample_data/assessments.csv", dtype=str).set_index("id")["rubric"]
    seen[seen["assessment"].map(kinds) == "street"].to_csv(folder / "obs.csv", index=False)
    return folder


@pytest.mark.parametrize("page", those_with("python"), ids=name_of)
def test_python_of_a_page_runs(page, street, monkeypatch):
    monkeypatch.chdir(street)
    variables = {}
    for text in blocks(page, "python"):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, name_of(page), "exec"), variables)
    assert len(variables["chengxin"].totals(variables["sheet"])) > 5


@pytest.mark.parametrize("page", those_with("console"), ids=name_of)
def test_commands_of_a_page_run_in_order(page, tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    for name in ("*.py", "README.md"):
        for path in (tmp_path / "sample_data").glob(name):
            path.unlink()
    database = sample_database(tmp_path / "chengxin.db")
    for words in commands(page, "console"):
        done = subprocess.run(
            [str(COMMAND), *words], cwd=tmp_path, input=PASSWORD, capture_output=True, text=True, encoding="utf-8",
            check=False, env={**os.environ, "PYTHONUTF8": "1", "CHENGXIN_DB": str(database)},
        )  # fmt: skip
        assert done.returncode == 0, f"chengxin {' '.join(words)}\n{done.stderr}"


def known_options(words):
    """Whether the words lead to a command, and which of their options it does not have."""
    command = typer.main.get_command(app)
    words = list(words)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    options = {name for param in command.params for name in param.opts}
    return not hasattr(command, "commands"), [word for word in words if word.startswith("--") and word not in options]


@pytest.mark.parametrize("page", those_with("console server"), ids=name_of)
def test_commands_that_are_not_run_exist_with_their_options(page):
    assert all(known_options(words) == (True, []) for words in commands(page, "console server"))


def test_commands_and_options_in_running_text_exist():
    mentioned = [
        (name_of(page), words)
        for page in PAGES
        for words in re.findall(r"`chengxin ([a-z][^`|]*)`", BLOCK.sub("", page.read_text("utf-8")))
    ]
    assert len(mentioned) > 20
    wrong = []
    for page, text in mentioned:
        leads, unknown = known_options([word for word in text.split() if word != "…"])
        if not leads or unknown:
            wrong.append((page, text))
    assert wrong == []


def test_a_block_has_one_of_the_known_kinds():
    known = {"", "python", "pycon", "console", "console server", "sh server", "mermaid", "text", "yaml", "json"}
    infos = {(name_of(page), info) for page in PAGES for info, _ in BLOCK.findall(page.read_text("utf-8"))}
    assert {each for each in infos if each[1] not in known} == set()


# ---- links -------------------------------------------------------------------------------------------------


def anchors(page):
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", text).lower()).replace(" ", "-") for text in headings}


def broken(page):
    """Links of a page that lead nowhere within the repository."""
    found = []
    for link in LINK.findall(BLOCK.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "a.md").write_text("# One two\n[x](#one-two) [y](#three) [z](b.md) [w](a.md#one-two)", "utf-8")
    assert broken(tmp_path / "a.md") == ["#three", "b.md"]


def test_paths_and_tests_that_are_named_exist():
    named = {
        (name_of(page), path, test)
        for page in PAGES
        for path, test in re.findall(
            r"`((?:chengxin|tests|bench|docs)/[a-z][a-z0-9_/.]*\.(?:py|yaml))(?:::(\w+))?`", page.read_text("utf-8")
        )
    }
    assert len(named) > 30
    wrong = [
        each
        for each in named
        if not (ROOT / each[1]).is_file() or (each[2] and f"def {each[2]}(" not in (ROOT / each[1]).read_text("utf-8"))
    ]
    assert wrong == []


# ---- what is generated -------------------------------------------------------------------------------------


def test_the_reference_is_as_the_code_gives_it():
    assert make.stale() == [], "run: python docs/make.py"


def test_a_changed_reference_is_seen(tmp_path, monkeypatch):
    shutil.copytree(make.OUT, tmp_path / "reference")
    monkeypatch.setattr(make, "OUT", tmp_path / "reference")
    (tmp_path / "reference/rubric.md").write_text("old", "utf-8")
    (tmp_path / "reference/columns.md").unlink()
    assert make.stale() == ["columns.md", "rubric.md"]


def test_words_beside_the_code_are_all_used():
    from chengxin.exchange.rows import FILES
    from chengxin.rubric.rules import KINDS

    columns = {name for _, row in FILES.values() for name in row.model_fields} | {"assessment", "line", "value", "of"}
    exact = {f"{table}.{name}" for table, row in FILES.values() for name in row.model_fields}
    assert set(make.WORDS["columns"]) <= columns | exact
    assert {each.__name__: set(each.model_fields) for each in make.MODELS} == {
        name: set(keys) for name, keys in make.WORDS["keys"].items() if name != "rules"
    }
    assert set(make.WORDS["keys"]["rules"]) == {name for rule in KINDS.values() for name in rule.model_fields} - {
        "kind"
    }


@pytest.mark.parametrize("name", pictures.ALL)
def test_a_picture_is_not_older_than_its_page(name):
    manifest = json.loads(pictures.MANIFEST.read_text("utf-8"))
    assert (pictures.PICTURES / f"{name}.png").is_file()
    assert manifest[name] == pictures.ALL[name].sha256(), f"run: {pictures.COMMAND} {name}, and look at it"


def test_a_changed_page_makes_its_picture_old(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "chengxin/web/lab", tmp_path / "chengxin/web/lab")
    shutil.copytree(ROOT / "notebooks/lab", tmp_path / "notebooks/lab")
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    before = pictures.ALL["lab_what_if"].sha256()
    assert pictures.ALL["lab_what_if"].sha256() == before
    (tmp_path / "chengxin/web/lab/new.py").write_text("", "utf-8")
    assert pictures.ALL["lab_what_if"].sha256() != before


def test_every_picture_is_shown_and_none_is_left_over():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert {path.stem for path in pictures.PICTURES.glob("*.png")} == set(pictures.ALL)
    assert [name for name in pictures.ALL if f"pictures/{name}.png" not in text] == []


# ---- the house's papers ------------------------------------------------------------------------------------


def test_the_folders_of_the_architecture_are_the_layers_of_the_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["id"] == "layers"]
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.split("| folder | one purpose |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == layers


def test_the_workflow_runs_the_test_command_of_the_readme():
    (command,) = re.findall(r"^python3 -m venv .*pytest$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    assert [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step][-1] == command


def test_the_two_readmes_are_twins():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in READMES)
    assert all(len(text.splitlines()) <= 120 for text in (english, chinese))
    for pattern in (r"^(#+) ", r"^!\[[^\]]*\]\((.+)\)$", r"^(\|).*\|$", r"^(\$ .*)$"):
        assert re.findall(pattern, english, re.MULTILINE) == re.findall(pattern, chinese, re.MULTILINE)
    code = [re.sub(r"\s+#.*", "", "".join(text for _, text in BLOCK.findall(each))) for each in (english, chinese)]
    assert code[0] == code[1]


def test_a_guide_for_every_reader_says_what_to_do_shows_it_and_helps():
    for name in ("县级局", "评价员", "监测点", "领导", "试点团队", "运维"):
        text = (ROOT / f"docs/{name}.md").read_text("utf-8")
        assert "## 名词" in text or "## 读数时请注意" in text, name
        assert "## 出了问题" in text, name
        assert "](pictures/" in text, name
