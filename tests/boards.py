"""What the tests of the dashboards share: what is written on a page, and how it is looked at in a browser."""

import re
from contextlib import contextmanager
from pathlib import Path

from tabs import comes

SCREENS = ((1920, 1080), (1366, 768), (390, 844))
# nothing scrolls sideways, but a heat map of many columns
FITS = """Math.max(...['html', '#rendered_cells'].map(q => document.querySelector(q).scrollWidth)) <= innerWidth
&& ![...document.querySelectorAll('.cx-wide:not(:has(.cx-heat))')].some(e => e.scrollWidth > e.clientWidth + 1)"""
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8").replace('"main *"', '".cx-page *"')
ATTACK = "<img src=x onerror=alert(1)>"


def words(page, *names):
    """What is written on the page, without markup."""
    pieces = [page.body[name].value for name in names] or [piece.value for piece in page.body.values()]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", " ".join(pieces)))


@contextmanager
def looked_at(browser, site, **options):
    """A page in the browser; at the end nothing was asked for from outside, and no script failed."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, **options)
    page, outside, errors = context.new_page(), [], []
    page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:")) else outside.append(r.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert outside == []
    assert errors == []
    context.close()


def fits_each_screen(page):
    """On a projector, a laptop and a phone nothing is cut off, and everything can be read."""
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        comes(page, FITS, True)
    comes(page, CONTRAST, [])
