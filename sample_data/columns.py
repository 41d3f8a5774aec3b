"""The part of README.md that says which files and columns ``chengxin load`` takes, made from the schema."""

from chengxin.exchange.registers import Row
from chengxin.exchange.rows import FILES
from chengxin.store.schema import REGISTRIES
from chengxin.store.states import MOVES

BEGIN, END = "<!-- 以下由generate.py生成 -->\n", "<!-- 以上由generate.py生成 -->\n"
FILE_OF = {table: file for file, (table, _) in FILES.items()}


def table(file: str, name: str, model: type[Row]) -> str:
    """One file as a Markdown table: column, what it may hold, what it refers to."""
    lines = [f"### {file}　{model.about}\n", "| 列 | 填写 | 对应 |", "|---|---|---|"]
    for column, field in model.model_fields.items():
        keys = REGISTRIES[name].columns[column].foreign_keys
        refers = "、".join(f"`{FILE_OF[key.column.table.name]}`的`{key.column.name}`" for key in keys)
        lines.append(f"| `{column}` | {field.description} | {refers} |")
    key = "、".join(f"`{column.name}`" for column in REGISTRIES[name].primary_key)
    notes = [f"每行以{key}区别，不得重复。"]
    if model.owned:
        notes.append("`area`、`merchant`、`point`至少填一列。")
    notes += [f"`{part}`不大于`{whole}`。" for part, whole in model.at_most]
    notes += [f"`{then}`不早于`{first}`。" for first, then in model.in_order]
    if name in MOVES:
        notes.append(_moves(name))
    if model.dropped:
        notes.append(
            f"文件中可以有下列各列，一律不读入：{'、'.join(f'`{column}`' for column in sorted(model.dropped))}。"
        )
    return "\n".join(lines) + "\n\n" + "".join(notes) + "\n"


def _moves(name: str) -> str:
    """Which state may follow which, in the words the file may use."""
    _, column, names, moves = MOVES[name]
    steps = [
        f"{names[state]}之后为{'或'.join(names[then] for then in after)}" for state, after in moves.items() if after
    ]
    return f"新登记的行，`{column}`可为任一状态；已登记的，只能逐步改变：{'，'.join(steps)}，跳步的导入会被拒绝。"


def filled(readme: str) -> str:
    """The README with the generated part as the schema has it now."""
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    made = "\n".join(table(file, name, model) for file, (name, model) in FILES.items())
    return f"{before}{BEGIN}\n{made}\n{END}{after}"
