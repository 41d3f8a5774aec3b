"""A page that shows every component of the stylesheet once, made of ordinary widgets as a form would make them."""

from typing import Any

import ipywidgets as w

from chengxin.render import html as pages
from chengxin.render.html import escaped


def box(*children: Any, name: str) -> w.VBox:
    return w.VBox(children).add_class(name)


def html(words: str, *names: str, **values: Any) -> w.HTML:
    made = w.HTML(escaped(words, **values))
    for name in names:
        made.add_class(name)
    return made


def line(number: str, text: str, control: w.Widget, state: str, said: str) -> w.VBox:
    parts = [
        html('<span class="cx-id">{n}</span><span class="cx-official">{text}</span>', n=number, text=text),
        html('<span class="cx-points">6分</span>　每发现1台件扣2分，扣完为止。', "cx-rule"),
        html('<span class="cx-tag {state}">{said}</span>　得 <b>4</b>/6 分', state=state, said=said),
        w.Textarea(description="说明", placeholder="不满分时写明理由", continuous_update=False).add_class("cx-note"),
        html(
            "<details><summary>证据：台账2行</summary><p>电子秤 TCS-150，有效期至2026年3月1日</p></details>",
            "cx-evidence",
        ),
        box(
            control,
            html("台账实测：<b>1</b> 台件超期（截至2026-10-31）", "cx-measured"),
            html("上期：2台件超期，已整改", "cx-before"),
            name="cx-control",
        ).add_class("cx-side"),
    ]
    return w.VBox(parts).add_class("cx-line").add_class(state)


def choice(*options: str, value: str | None = None) -> w.ToggleButtons:
    return w.ToggleButtons(options=options, value=value, description="结论").add_class("cx-choice")


def merchants() -> w.HTML:
    head = "".join(f'<th scope="col">条目{n}</th>' for n in range(1, 13))
    rows = "".join(f'<tr><th scope="row">第{n}号海鲜排档（示例）</th>{"<td>合格</td>" * 12}</tr>' for n in range(1, 15))
    return w.HTML(
        f"<table><caption>抽查商户</caption><thead><tr><th scope=col>商户</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    ).add_class("cx-grid")


def printed() -> w.HTML:
    return html(
        '<div class="cx-wide"><table class="cx-form"><caption>监测点信息表</caption><tbody>'
        "<tr><th>单位名称</th><td>{a}</td><th>行业</th><td>集贸市场</td></tr>"
        "<tr><th>强检器具</th><td class=num>12 台件</td><th>有效期内</th><td class=num>11 台件</td></tr>"
        "</tbody></table></div>",
        a="<img src=x onerror=alert(1)>",
    )


def gallery() -> w.VBox:
    """The whole page."""
    return box(
        w.HTML(pages.banner(True).text),
        w.HTML(pages.head("评价录入", "黄岩区", "永宁江景区", "2026年", "重点景区诚信计量指数").text).add_class(
            "cx-head"
        ),
        w.HTML(
            '<span class="cx-figure">得分 <b>81–90</b>/100 分</span><span class="cx-figure">已评 <b>32</b>/35 条</span>'
            '<span class="cx-progress" role="progressbar" aria-label="已评条目" aria-valuenow="91" aria-valuemin="0"'
            ' aria-valuemax="100"><i style="width:91%"></i></span>'
            '<span class="cx-saved cx-ok" aria-live="polite">已保存 14:03</span>'
        ).add_class("cx-bar"),
        w.HBox(
            [
                w.Dropdown(description="评价对象", options=["永宁江景区", "十里长街"]),
                w.Dropdown(description="评价期", options=["2026"]),
                w.Text(description="检查人", placeholder="姓名"),
                w.DatePicker(description="检查日期"),
            ]
        ).add_class("cx-fields"),
        box(
            html("缺3项，点击前往：<ul><li><a href='#a'>2.1 器具在检定周期内</a></li></ul>"),
            w.Button(description="2.3 计量器具台账"),
            name="cx-missing",
        ),
        box(
            html("<h2>计量器具<span class='cx-points'>4/6分</span></h2>"),
            line(
                "2.1",
                "景区使用的计量器具100%在有效检定期内。每发现1台件脱离检定周期扣2分。",
                w.IntText(description="超期台件数（台件）", value=1).add_class("cx-number"),
                "cx-warn",
                "有扣分",
            ),
            line("2.2", "设立公平秤，并在显著位置公示。", choice("是", "否", "不适用", value="是"), "cx-ok", "已评"),
            line("2.3", "建立计量器具管理制度和台账。", choice("是", "否", "不适用"), "cx-bad", "未评"),
            name="cx-group",
        ),
        box(
            html("<b>2.1有两个人改过</b>：<span class='cx-tag cx-bad'>冲突</span> 张三14:02填1台件，您填2台件。"),
            choice("保留对方的：1台件", "改为我的：2台件"),
            name="cx-conflict",
        ),
        box(html("<h2>商户抽查</h2>"), merchants(), name="cx-card"),
        box(printed(), name="cx-card"),
        box(
            html("<h2>修改记录</h2><ol class='cx-history'><li>2026-11-02 14:03 张三：2.1 超期台件数 2→1</li></ol>"),
            name="cx-card",
        ),
        w.Checkbox(description="本人确认所填内容属实", indent=False),
        w.RadioButtons(description="复查", options=["合格", "不合格"]),
        w.HBox(
            [
                w.Button(description="提交", button_style="primary"),
                w.Button(description="打印"),
                w.Button(description="退回", button_style="danger"),
                w.Button(description="不能用", disabled=True),
            ]
        ).add_class("cx-actions"),
        name="cx-page",
    )
