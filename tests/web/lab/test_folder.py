"""The lab's folder: put there all or nothing, never over a person's work; its notebooks find its database."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from stores import sample_database

from chengxin.errors import StoreError, UsageError
from chengxin.store.engine import address_of, migrate
from chengxin.web.lab.folder import arrange
from chengxin.web.server.serve import books


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def empty(folder):
    migrate(str(folder / "chengxin.db"))


def test_the_notebooks_for_people_stand_beside_their_database(tmp_path):
    assert arrange(tmp_path / "lab", empty) == []
    expected = {f"{path.parent.name}/{path.name}" for path in books()}
    assert set(files(tmp_path / "lab")) == {*expected, "chengxin.db"}
    assert {path.split("/")[0] for path in expected} == {"entry", "dashboard", "lab"}
    assert list(tmp_path.iterdir()) == [tmp_path / "lab"]  # nothing half done beside it


def test_what_a_person_changed_is_kept_and_named_and_what_is_missing_comes_back(tmp_path):
    arrange(tmp_path, empty)
    changed, gone = sorted((tmp_path / "lab").glob("*.ipynb"))[:2]
    changed.write_text("{}", "utf-8")
    gone.unlink()
    (tmp_path / "chengxin.db").write_bytes(b"mine")
    before = files(tmp_path)
    assert arrange(tmp_path, empty) == [changed]
    assert {name: content for name, content in files(tmp_path).items() if name in before} == before
    assert gone.is_file()


def test_nothing_is_put_anywhere_where_the_database_cannot_be_made(tmp_path):
    def refused(folder):
        raise StoreError("磁盘已满")

    with pytest.raises(StoreError):
        arrange(tmp_path / "lab", refused)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_named_before_anything_is_done(tmp_path):
    (tmp_path / "entry").write_text("x")
    with pytest.raises(UsageError, match="entry”是文件，不是文件夹"):
        arrange(tmp_path, empty)
    assert set(files(tmp_path)) == {"entry"}


def test_what_was_moved_goes_again_where_the_rest_cannot_be_moved(tmp_path, monkeypatch):
    arrange(tmp_path / "lab", empty)
    last = max(path for path in files(tmp_path / "lab"))
    (tmp_path / "lab" / last).unlink()
    before = files(tmp_path / "lab")
    (tmp_path / "lab" / "chengxin.db").unlink()
    move = type(tmp_path).replace

    def failing(path, target):
        if path.name == last.split("/")[-1]:
            raise OSError(28, "full", str(target))
        return move(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", failing)
    with pytest.raises(OSError, match="full"):
        arrange(tmp_path / "lab", empty)
    assert files(tmp_path / "lab") == {name: text for name, text in before.items() if name != "chengxin.db"}


def test_a_database_is_looked_for_by_name_then_variable_then_here_then_above(tmp_path, monkeypatch):
    here = tmp_path / "a" / "b" / "c"
    here.mkdir(parents=True)
    monkeypatch.delenv("CHENGXIN_DB", raising=False)
    monkeypatch.chdir(here)
    assert address_of().database == str(here / "chengxin.db")  # none anywhere: named here
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "chengxin.db").touch()
    assert address_of().database == str(tmp_path / "a" / "chengxin.db")  # the nearest
    (here / "chengxin.db").touch()
    assert address_of().database == str(here / "chengxin.db")
    monkeypatch.setenv("CHENGXIN_DB", str(tmp_path / "v.db"))
    assert address_of().database == str(tmp_path / "v.db")
    assert address_of("n.db").database == str(here / "n.db")


def test_a_new_database_is_made_here_whatever_the_folders_above_hold(tmp_path, monkeypatch):
    (tmp_path / "chengxin.db").touch()
    (tmp_path / "a").mkdir()
    monkeypatch.delenv("CHENGXIN_DB", raising=False)
    monkeypatch.chdir(tmp_path / "a")
    migrate()
    assert (tmp_path / "chengxin.db").stat().st_size == 0
    assert (tmp_path / "a" / "chengxin.db").stat().st_size > 0


def opened(path):
    """A notebook run as JupyterLab runs it, in its own folder."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, resources={"metadata": {"path": str(path.parent)}}, kernel_name="python3").execute()
    return book


def test_a_notebook_of_the_folder_finds_its_database(tmp_path, monkeypatch):
    monkeypatch.delenv("CHENGXIN_DB", raising=False)
    arrange(tmp_path, lambda folder: sample_database(folder / "chengxin.db"))
    first = opened(sorted((tmp_path / "lab").glob("04*.ipynb"))[0]).cells[1]
    assert "演示数据" in first.outputs[0].data["text/html"]


def test_a_notebook_without_a_database_says_what_to_do_and_shows_no_traceback(tmp_path, monkeypatch):
    monkeypatch.delenv("CHENGXIN_DB", raising=False)
    arrange(tmp_path, None)
    path = sorted((tmp_path / "lab").glob("01*.ipynb"))[0]
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, resources={"metadata": {"path": str(path.parent)}}, kernel_name="python3")
    with pytest.raises(CellExecutionError):
        client.execute()
    [output] = [one for cell in book.cells for one in cell.get("outputs", [])]
    assert output.traceback == [output.evalue]
    assert output.evalue.startswith("找不到数据库文件")
    assert "chengxin init" in output.evalue
    assert "\n" not in output.evalue
