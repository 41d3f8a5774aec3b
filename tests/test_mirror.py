"""Tests mirror the package: a folder of tests is a folder of the package, a file of tests names one of its modules."""

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "chengxin"
DATA = {"cases"}  # golden cases, no tests
OTHERS = {  # files that test several modules of their folder together
    "reports/test_formats.py": "one report in every format",
    "scoring/test_golden.py": "the golden cases of both rubrics, from observations to totals",
    "web/entry/test_entry_pages.py": "pages as their visitor uses them",
    "web/entry/test_entry_people.py": "several people on one page",
    "web/entry/test_filing_pages.py": "a filing from the point to the check",
    "web/lab/test_lab_pages.py": "pages as their visitor uses them",
    "web/server/test_forbidden.py": "what nobody may fetch from the site",
    "web/test_look.py": "what all pages look like",
}


def files():
    return {path.relative_to(TESTS).as_posix(): path for path in TESTS.rglob("*/test_*.py")}


def test_every_folder_of_tests_is_a_folder_of_the_package():
    folders = {path.relative_to(TESTS) for path in TESTS.rglob("*/") if "__pycache__" not in path.parts}
    strange = [str(folder) for folder in folders if str(folder) not in {".", *DATA} and not (PACKAGE / folder).is_dir()]
    assert strange == []


def test_every_file_of_tests_names_a_module_or_says_why_not():
    modules = {name: PACKAGE / name.replace("test_", "", 1) for name in files()}
    strange = {name for name, module in modules.items() if not module.exists()}
    assert strange == set(OTHERS)  # a listed file that is gone, or names a module by now, is taken off the list
