"""Where the kit's own data lie: beside the package in a checkout, inside it when installed from a wheel."""

from pathlib import Path

from chengxin.errors import UsageError

PACKAGE = Path(__file__).resolve().parent
TEMPLATES = PACKAGE / "templates"  # how pages, reports and widgets look


def place(name: str) -> Path:
    """Folder of the kit's data.

    Parameters
    ----------
    name : ``rubrics``, ``notebooks``, ``sample_data`` or ``bench``

    Raises
    ------
    UsageError : the folder is in neither place (a broken installation)
    """
    for folder in (PACKAGE.parent / name, PACKAGE / name):
        if folder.is_dir():
            return folder
    raise UsageError(f"安装不完整：找不到工具包的“{name}”文件夹；请重新安装chengxin。")
