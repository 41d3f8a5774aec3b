"""Small notebooks for tests of the site."""

from pathlib import Path

import nbformat
from nbformat import v4


def book(path: Path, *cells: str, title: str = "试验页", about: str = "供测试用。") -> Path:
    """Write a notebook with a title cell and code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    made.cells = [v4.new_markdown_cell(f"# {title}\n\n{about}"), *map(v4.new_code_cell, cells)]
    nbformat.write(made, path)
    return path


TRIVIAL = "import ipywidgets\nipywidgets.IntText(description='数')"
GALLERY = "from gallery import gallery\ngallery()"
IDENTITY = "import os\nprint(os.environ.get('HTTP_X_CHENGXIN_IDENTITY'))"
PID = "import os, ipywidgets\nipywidgets.Label(str(os.getpid()))"
LOST = "import ipywidgets as w\nfrom IPython.display import display\ndisplay(box := w.IntText())\nbox.close()"
