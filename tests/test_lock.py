"""The lock file: every direct dependency at a version its bound admits, every file by its hash, no address."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {text for extra in PROJECT["optional-dependencies"].values() for text in extra}
DIRECT = [Requirement(text) for text in [*PROJECT["dependencies"], *sorted(EXTRAS)]]
TEXT = (ROOT / "requirements.lock").read_text("utf-8")
HEADER, ENTRIES = re.fullmatch(r"((?:#[^\n]*\n)+)(.*)", TEXT, re.DOTALL).groups()
HASHES = r"((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
ENTRY = re.compile(r"([a-z0-9-]+==[a-z0-9.+!]+(?: ; [\w .*'<>=!()]+?)?) \\\n" + HASHES)
LOCKED = [Requirement(text) for text, _ in ENTRY.findall(ENTRIES)]
MINOR = {"ipykernel", "jupyter-client", "jupyter-server", "voila"}
OWN = {
    "chengxin",
    "pydantic_core",
    *(path.stem for folder in ("tests", "bench", "sample_data", "docs") for path in (ROOT / folder).rglob("*.py")),
}  # the core comes with pydantic


def name_of(wanted):
    return canonicalize_name(wanted.name)


def sources():
    """Every piece of Python of the project: modules, tests, scripts and the cells of notebooks."""
    for folder in ("chengxin", "tests", "bench", "sample_data", "docs"):
        yield from (path.read_text("utf-8") for path in (ROOT / folder).rglob("*.py"))
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        yield from ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def imported():
    """Top names of all imports that are neither ours nor of the standard library."""
    found = set()
    for node in (node for text in sources() for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found - OWN - sys.stdlib_module_names


@pytest.mark.parametrize("name", sorted(imported()))
def test_what_is_imported_is_a_declared_dependency(name):
    declared = {canonicalize_name(wanted.name) for wanted in DIRECT}
    assert declared & {canonicalize_name(package) for package in packages_distributions()[name]}


@pytest.mark.parametrize("wanted", DIRECT, ids=lambda wanted: wanted.name)
def test_a_direct_dependency_is_bounded_by_what_was_tested_and_locked_within(wanted):
    """From the version that the quick set of test_versions.py passes with to the last of the locked major; of those
    whose private parts the kit uses, of the locked minor."""
    assert sorted(limit.operator for limit in wanted.specifier) == ["<", ">="]
    versions = [Version(next(iter(entry.specifier)).version) for entry in LOCKED if entry.name == name_of(wanted)]
    assert versions, f"{wanted.name} is not locked; renew the lock file as CONTRIBUTING.md says"
    assert all(wanted.specifier.contains(version) for version in versions), f"{versions} are outside of {wanted}"
    newest = max(versions)
    above = f"{newest.major}.{newest.minor + 1}" if name_of(wanted) in MINOR else f"{newest.major + 1}"
    assert [limit.version for limit in wanted.specifier if limit.operator == "<"] == [above]


def test_nothing_stands_there_but_names_versions_and_hashes():
    """So no address of an index, no host and no path of a machine; and no entry without a hash."""
    assert ENTRY.sub("", ENTRIES) == ""
    assert "/" not in HEADER
    assert "\\" not in HEADER


def test_an_entry_is_locked_once_for_a_platform():
    again = [name for name in {entry.name for entry in LOCKED} if sum(entry.name == name for entry in LOCKED) > 1]
    assert all(entry.marker for entry in LOCKED if entry.name in again)


def test_an_address_or_a_missing_hash_would_be_seen():
    head, tail = ENTRIES.split("\n", 1)
    assert ENTRY.sub("", f"--index-url x\n{ENTRIES}")
    assert ENTRY.sub("", f"thing==1.0\n{ENTRIES}")
    assert ENTRY.sub("", head.replace("==", " @ https://host/") + "\n" + tail)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/运维.md"])
def test_the_documents_say_how_to_install_from_it_and_to_renew_it(name):
    text = (ROOT / name).read_text("utf-8")
    assert "install -r requirements.lock" in text
    assert "install --no-deps -e ." in text
    renew = HEADER.splitlines()[-1].removeprefix("#").strip()
    assert renew.startswith("uv pip compile --universal")
    assert renew in text
