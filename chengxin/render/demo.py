"""How sample data are marked: the words stand here once, for pages, reports and files."""

MARK = "演示数据"
SOURCE = "由工具包自带的示例数据生成"
NOBODY = "不反映任何单位的实际情况。"
PAGE = f"{MARK}：本页{SOURCE}，各项内容均为虚构，{NOBODY}"
REPORT = f"{MARK}：本报告{SOURCE}，各项结果均为虚构，{NOBODY}"
FILE = f"{MARK}：{SOURCE}，各项内容均为虚构。"
COMMAND = f"{MARK}：各项结果均为虚构，{NOBODY}"
