"""The assessment form: opening it, a key press until saved and rescored, a grid cell likewise; first control in Voilà.

In the kernel: the 37 lines of a scenic area with 19 of them checked at 40 merchants (760 cells). The rubric has 16 such
lines; three more are made of yes-or-no lines here, so that the grid is the 40 × 19 of the target. The floor is one
durable one-row write to the same database. In Chromium: from asking for the page until the form's first control is
there, looked for in every frame, beside a notebook that shows one `ipywidgets.IntText`, in turn on one site, with the
rubric as it is.
Prints Markdown tables. Run: ``python bench/entry.py [ROUNDS]``; the browser's part needs Chromium, see CONTRIBUTING.md.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import sqlalchemy as sa
from nbformat import v4
from playwright.sync_api import sync_playwright

from chengxin.clock import now, today
from chengxin.exchange.load import load
from chengxin.paths import place
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.store import drafts, read
from chengxin.store.engine import migrate, open_store, writing
from chengxin.store.schema import OBSERVATION
from chengxin.store.write import put
from chengxin.web.entry.assessment_form import AssessmentForm
from chengxin.workflow import assessment
from chengxin.workflow.assessment import grid_lines, opened

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from serve import QUIET, SEEN
from serving import serving

ASSESSMENT, AREA, MERCHANTS, LINES = "331024-S2-2026", "331024-S2", 40, 19


def extra(rubric: Rubric) -> list[str]:
    """Yes-or-no lines that become lines for merchants."""
    short = LINES - len(grid_lines(rubric))
    return [line.id for line in rubric.lines if line.section == "base" and line.rule.kind == "met"][:short]


def widened() -> Rubric:
    """The rubric of scenic areas with as many lines for merchants as the target asks for."""
    rubric = load_rubric("scenic_area")
    pattern, others = grid_lines(rubric)[0], extra(rubric)
    more = {"rule": pattern.rule, "readings": pattern.readings, "unit": pattern.unit}
    lines = tuple(line.model_copy(update=more) if line.id in others else line for line in rubric.lines)
    return rubric.model_copy(update={"lines": lines, "as_written": lines})


def database(folder: Path) -> Path:
    """Sample data, the area with 40 merchants, its grid filled."""
    path = folder / "chengxin.db"
    migrate(str(path))
    engine = open_store(str(path))
    load(engine, place("sample_data"), who="bench", why="bench", at=now(), demo=True)
    about = {"who": "bench", "why": "bench", "at": now()}
    more = [
        {"code": f"X{n:02d}", "area": AREA, "name": f"演示商户{n}", "sector": "零售", "premises": "", "status": "open"}
        for n in range(MERCHANTS - len(read.books(engine)["merchant"].query("area == @AREA and status == 'open'")))
    ]
    with writing(engine) as conn:
        put(conn, "merchant", more, **about)
        conn.execute(OBSERVATION.delete().where(OBSERVATION.c.line.in_(extra(load_rubric("scenic_area")))))
    held = opened(engine, ASSESSMENT)
    assert (len(held.merchants), len(grid_lines(held.rubric))) == (MERCHANTS, LINES)
    codes = held.merchants["code"].tolist()
    cells = {f"{line.id}@{code}": ({"result": "ok"}, 0) for line in grid_lines(held.rubric) for code in codes}
    sample = {"sample": ({"seed": 1, "merchants": codes, "of": len(codes)}, 0)}
    drafts.save_all(engine, "assessment", ASSESSMENT, sample | cells, who="bench", at=now())
    engine.dispose()
    return path


def timed(act: Callable[[int], object], rounds: int) -> float:
    """Median seconds of one call."""
    spent = []
    for n in range(rounds):
        start = time.perf_counter()
        act(n)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def kernel(path: Path, rounds: int) -> None:
    """What happens in the kernel."""
    engine = open_store(str(path))
    form = AssessmentForm(engine, ASSESSMENT, who="bench", now=now)
    box, cell = form.lines["8.1"].controls["value"], f"10.2@{form.work.merchants['code'].iloc[0]}"
    insert = sa.text("INSERT INTO presence VALUES ('bench', 'bench', :key, 'bench', '')")

    def write(n: int) -> None:
        with writing(engine) as conn:
            conn.execute(insert, {"key": f"{n}"})

    rows = {
        "opening the form (all widgets built, scored)": timed(
            lambda _: AssessmentForm(engine, ASSESSMENT, who="bench", now=now), max(3, rounds // 10)
        ),
        "key press to saved and rescored": timed(lambda n: setattr(box, "value", f"{n % 31}"), rounds),
        "grid cell to saved and rescored": timed(
            lambda n: form.grid._heard(None, {"changes": {cell: ("ok", "bad")[n % 2]}}, None), rounds
        ),
        "floor: one durable row": timed(write, rounds),
    }
    print(f"| in the kernel, {len(form.lines)} lines, grid {MERCHANTS} × {LINES} | median, ms |\n|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {1000 * seconds:.1f} |")
    engine.dispose()


def browser(path: Path, folder: Path, rounds: int) -> None:
    """First usable control of the form beside a trivial notebook's."""
    made = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [v4.new_markdown_cell("# trivial"), v4.new_code_cell("import ipywidgets\nipywidgets.IntText()")]
    for shelf, name, book in (("lab", "trivial", made), ("entry", "assessment", None)):
        (folder / shelf).mkdir()
        source = place("notebooks") / "entry" / "assessment.ipynb"
        nbformat.write(book or nbformat.read(source, 4), folder / shelf / f"{name}.ipynb")
    spent: dict[str, list[float]] = {"trivial": [], "form": []}
    with serving(path, notebooks=folder) as site, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        for n in range(rounds + 1):  # the first fills the browser's cache and is not counted
            for name, address, wanted in (
                ("trivial", "lab/trivial.ipynb", "input[type=number]"),
                ("form", f"entry/assessment.ipynb?assessment={ASSESSMENT}", ".cx-line button"),
            ):
                page.goto(f"{site}voila/render/{address}", wait_until="commit")
                took = page.evaluate(SEEN, wanted) / 1000
                spent[name] += [took] if n else []
        chromium.close()
    form, trivial = (statistics.median(spent[name]) for name in ("form", "trivial"))
    ratio = statistics.median(a / b for a, b in zip(spent["form"], spent["trivial"], strict=True))
    print("\n| first usable control in Voilà | median, s | ratio |\n|---|---|---|")
    print(f"| trivial notebook | {trivial:.2f} | 1 |\n| assessment form | {form:.2f} | {ratio:.2f} |")


def main(rounds: int = 60) -> None:
    """Both parts, on one database."""
    print(f"{today()}, {rounds} rounds\n")
    wide = widened()
    assessment.load_rubric = lambda name: wide if name == wide.id else load_rubric(name)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        path = database(Path(one))
        kernel(path, rounds)
        browser(path, Path(other), max(3, rounds // 10))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
