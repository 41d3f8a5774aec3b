"""What must not be had from the site: forbidden requests by everybody, each looked through for what leaks."""

import asyncio
import http.client
import json
import os
import re
import time
import urllib.parse
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import tornado.httpclient
import tornado.websocket
from books import IDENTITY, TRIVIAL, book
from serving import serving
from stores import opened, sample_database
from tabs import kernels

from chengxin.paths import place
from chengxin.store import accounts, attachments, read
from chengxin.store.accounts import Account
from chengxin.store.engine import writing
from chengxin.web.server import handlers
from chengxin.web.server.serve import SHELVES
from chengxin.web.server.signin import may_open
from chengxin.workflow import assessment_steps

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
PASSWORD = "three odd words 7"
MINE, OTHER = "331082", "331002"
SECRET = "geheim-4711"
PEOPLE = {
    "city": Account("shi", "市局人", "city", None, None, "active"),
    "county": Account("li", "李四", "county", MINE, None, "active"),
    "county2": Account("ke", "柯五", "county", OTHER, None, "active"),
    "assessor": Account("zhao", "赵六", "assessor", None, None, "active"),
    "point": Account("dian", "某市场", "point", None, f"{MINE}-P01", "active"),
    "leader": Account("ju", "张局", "leader", None, None, "active"),
    "leader2": Account("ju2", "王局", "leader", None, None, "active"),
}
SEEN = """from chengxin.store import access, read
from chengxin.store.engine import open_store
engine = open_store()
me = access.current()
print("我是", me.name, me.role, "看到", ",".join(sorted(set(read.areas(engine)["unit"]))) or "无")
import sys
print("持有全市数据", len(getattr(sys.modules.get("chengxin.workflow.cache"), "_FRESH", ())), "份")"""
KERNEL = r'"kernelId": "([\w-]+)"'
FAILS = f"secret = '{SECRET}'\nraise ValueError(secret)"
BOARDS = {"city": "全市看板", "area": "景区街区看板", "point": "监测点看板"}
LEAKS = (SECRET, "SQLite format 3", "Traceback", "nbformat", "import os", "{%", "[alembic]", "root:x:", "CHENGXIN_DB")


@dataclass
class Client:
    """A browser without a screen: one address, cookies, paths sent exactly as written."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method, path, body=None, **headers):
        place = urllib.parse.urlsplit(self.address)
        line = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        line.putrequest(method, path, skip_host="Host" in headers)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        if body is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        for name, value in sent.items():
            line.putheader(name.replace("_", "-"), value)
        line.endheaders(body.encode() if body is not None else None)
        answer = line.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        line.close()
        return answer.status, text, dict(answer.getheaders())

    def enter(self, name, password=PASSWORD, then="", **headers):
        self.ask("GET", "/login")
        form = {"_xsrf": self.cookies["_xsrf"], "name": name, "password": password, "next": then}
        return self.ask("POST", "/login", urllib.parse.urlencode(form), **headers)

    def kernel(self, path="/voila/render/entry/assessment.ipynb"):
        status, text, _ = self.ask("GET", path)
        assert status == 200, text
        return re.search(KERNEL, text)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with opened(sample_database(folder / "chengxin.db")) as engine:
        with writing(engine) as conn:
            for account in PEOPLE.values():
                accounts.add(conn, account, PASSWORD, who="市局", at=AT)
        area = read.areas(engine, MINE)["code"][0]
        made = assessment_steps.create(engine, area, "2027", AT.date(), who="市局", at=AT)
        attachments.attach(engine, made, "2.1", "a.png", b"\x89PNG\r\n\x1a\n" + SECRET.encode(), who="市局", at=AT)
    reports = folder / "reports"
    reports.mkdir()
    for file in FINISHED:
        (reports / file).write_text(f"<p>报告{file}</p>", "utf-8")
        os.utime(reports / file, (MADE, MADE))
    os.utime(reports / STALE, (0, 0))
    (reports / "2026-999.html").write_text(SECRET, "utf-8")
    (reports / "manifest.json").write_text(
        json.dumps(dict.fromkeys([*FINISHED, "../chengxin.db", "manifest.json"], SECRET)), "utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def site(folder):
    notebooks = folder / "notebooks"
    book(notebooks / "entry" / "assessment.ipynb", SEEN, title="评价录入")
    book(notebooks / "entry" / "filing.ipynb", SEEN, title="监测点季报")
    book(notebooks / "entry" / "fails.ipynb", FAILS, TRIVIAL, title="出错")
    for name, title in BOARDS.items():
        book(notebooks / "dashboard" / f"{name}.ipynb", SEEN, title=title)
    book(notebooks / "dashboard" / "slow.ipynb", "import time\ntime.sleep(20)", title="慢")
    book(notebooks / "lab" / "lab.ipynb", IDENTITY, title="规则试验")
    book(notebooks / "reports" / "county_index.ipynb", f"print('{SECRET}')", title="模板")
    (notebooks / "entry" / "photo.png").write_text(SECRET, "utf-8")
    (notebooks / "entry" / "link.ipynb").symlink_to(notebooks / "reports" / "county_index.ipynb")
    with serving(folder / "chengxin.db", demo=False, notebooks=notebooks, reports=folder / "reports",
                 CHENGXIN_TEST_SECRET=SECRET) as address:  # fmt: skip
        yield address


@pytest.fixture(scope="module")
def people(site):
    """Everybody, signed in once; None is nobody."""
    clients = {None: Client(site)}
    for role, account in PEOPLE.items():
        clients[role] = Client(site)
        assert clients[role].enter(account.name)[0] == 303
    return clients


@pytest.fixture(scope="module")
def foreign(people):
    """A kernel of the county's that others try to reach."""
    return people["county"].kernel()


def traversal(*more):
    files = ("entry/assessment.ipynb", "chengxin.db", "../chengxin.db", "../../../../../../../etc/passwd")
    return [*files, *(f.replace("..", "%2e%2e") for f in files), *(f.replace("/", "%2f") for f in files), *more]


ROOTS = ("/", "/voila/files/", "/voila/static/", "/voila/templates/chengxin/static/", "/voila/templates/",
         "/voila/labextensions/", "/voila/api/themes/", "/voila/render/", "/reports/", "/files/")  # fmt: skip
SAME = {"/voila/render/entry/assessment.ipynb", "/voila/render/entry%2fassessment.ipynb"}  # a page, twice spelt
NOWHERE = sorted({root + path for root in ROOTS for path in traversal()} - SAME)
GONE = [
    "/voila/tree", "/voila/tree/entry", "/voila/api/contents", "/voila/api/contents/entry?content=1", "/api/contents",
    "/api/contents/entry/assessment.ipynb", "/api/kernels", "/api/sessions", "/api/terminals", "/api/status", "/api/me",
    "/lab", "/tree", "/notebooks/entry/assessment.ipynb", "/nbconvert/html/entry/assessment.ipynb", "/terminals/1",
    "/metrics", "/voila/query/x", "/voila/files/entry/photo.png", "/voila/files/photo.png", "/.env", "/evidence/",
    "/voila/templates/chengxin/index.html.j2", "/voila/templates/chengxin/static/../index.html.j2",
    "/voila/templates/chengxin/static/%2e%2e/conf.json", "/voila/templates/report/static/index.html.j2",
    "/voila/templates/chengxin/static/", "/voila/templates/lab/static/.", "/voila/templates/base/static/%00",
    "/voila/templates/chengxin/static", "/voila/templates/chengxin/static/a%00.css",
    "/voila/templates/x", "/voila/templates/../static/x", "/voila/templates/%2e%2e/static/chengxin.css",
    "/reports/manifest.json", "/reports/2026-999.html", "/reports/../chengxin.db", "/reports/failed/2026-1.ipynb",
    "/voila/render/reports/county_index.ipynb", "/voila/render/entry/link.ipynb", "/voila/render/entry/photo.png",
    "/voila/render/%2e%2e/reports/county_index.ipynb", "/voila/render//etc/passwd", "/voila/render/", "/login.html",
    "/voila/render/entry/assessment.ipynb%00.png", "/voila/render/entry\\assessment.ipynb",
]  # fmt: skip


def harmless(text):
    assert not [leak for leak in LEAKS if leak in text], text[:600]


def test_only_who_may_see_the_whole_city_starts_with_it_in_memory(people):
    path, deadline = "/voila/render/dashboard/city.ipynb", time.monotonic() + 60
    while "持有全市数据 3 份" not in people["city"].ask("GET", path)[1]:  # until it is gathered
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert "持有全市数据 3 份" in people["leader"].ask("GET", path)[1]
    for role in ("county", "assessor", "point"):
        own = "/voila/render/entry/filing.ipynb" if role == "point" else "/voila/render/entry/assessment.ipynb"
        assert "持有全市数据 0 份" in people[role].ask("GET", own)[1]


@pytest.mark.parametrize("role", [None, "county", "assessor", "point", "leader"])
def test_what_is_not_for_anybody_is_not_there(people, role):
    """Each of the narrowed roles tries every one of these; all that is answered otherwise is named."""
    had = []
    for path in (*NOWHERE, *GONE):
        status, text, headers = people[role].ask("GET", path)
        turned_away = status == 302 and headers["Location"].startswith("/login")
        if (not turned_away and status not in (400, 403, 404)) or [leak for leak in LEAKS if leak in text]:
            had.append((path, status, text[:300]))
    assert had == []
    assert len({*NOWHERE, *GONE}) > 120


BOARD = {f"/voila/render/dashboard/{name}.ipynb" for name in BOARDS}
PAGES = {f"/voila/render/{path}.ipynb" for path in ("entry/assessment", "entry/filing", "lab/lab")} | BOARD
SHUT = {
    "assessor": PAGES - {"/voila/render/entry/assessment.ipynb"},
    "point": PAGES - {"/voila/render/entry/filing.ipynb"},
    "leader": PAGES - BOARD,
}


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in SHUT.items() for path in sorted(paths)])
def test_a_role_opens_only_its_pages(people, role, path):
    status, text, _ = people[role].ask("GET", path)
    assert status == 403
    assert "无权访问" in text


@pytest.mark.parametrize("role", ["city", "county", "leader"])
def test_the_landing_page_lists_every_dashboard_for_those_who_may_open_it(people, role):
    text = people[role].ask("GET", "/")[1]
    assert [title for title in BOARDS.values() if title not in text] == []
    assert "看板</b>" not in people["point"].ask("GET", "/")[1]


@pytest.mark.parametrize("path", sorted(PAGES))
def test_nobody_opens_a_page_without_signing_in(people, path):
    status, _, headers = people[None].ask("GET", path)
    assert status == 302
    assert headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize(
    ("role", "path", "units"),
    [
        ("county", "entry/assessment", MINE),
        ("county2", "entry/assessment", OTHER),
        ("county", "dashboard/city", MINE),
        ("county2", "dashboard/area", OTHER),
        ("county", "dashboard/point", MINE),
        ("assessor", "entry/assessment", "无"),
        ("point", "entry/filing", "无"),
    ],
)
def test_the_kernel_of_a_role_sees_its_own_data_only(people, role, path, units):
    forged = {"X_Chengxin_Identity": '{"who":"x","name":"x","role":"city"}', "X_Chengxin_Ticket": "x"}
    text = people[role].ask("GET", f"/voila/render/{path}.ipynb?role=city&unit=331002", **forged)[1]
    said = re.search(r"我是 (\S+) (\S+) 看到 ([\w,]+)", text)
    assert said.groups() == (PEOPLE[role].display, PEOPLE[role].role, units)


@pytest.mark.parametrize("role", [None, "county2", "city", "leader"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/kernels/{kernel}"),
        ("DELETE", "/api/kernels/{kernel}"),
        ("POST", "/api/kernels/{kernel}/restart"),
        ("POST", "/api/kernels/{kernel}/interrupt"),
        ("POST", "/voila/api/shutdown/{kernel}"),
        ("GET", "/api/kernels/{kernel}/channels"),
        ("PATCH", "/api/kernels/{kernel}"),
    ],
)
def test_a_kernel_belongs_to_who_opened_it(people, foreign, role, method, path):
    client = people[role]
    client.cookies.setdefault("_xsrf", "2|0|0|0")
    body = "" if method != "GET" else None
    status, text, _ = client.ask(method, path.format(kernel=foreign), body, X_XSRFToken=client.cookies["_xsrf"])
    assert status in (302, 403, 404, 405), text
    harmless(text)
    assert people["county"].ask("GET", f"/api/kernels/{foreign}")[0] == 200


async def _spoken(address, kernel, cookies, message):
    """Open the line to a kernel, say something, and give what comes within a moment."""
    url = f"{address.replace('http', 'ws')}api/kernels/{kernel}/channels?session_id=1"
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    asked = tornado.httpclient.HTTPRequest(url, headers=headers)
    line = await tornado.websocket.websocket_connect(asked)
    heard = []
    try:
        await line.write_message(json.dumps(message))
        while True:
            heard.append(await asyncio.wait_for(line.read_message(), 2))
    except TimeoutError:
        pass
    line.close()
    while await line.read_message() is not None:
        pass
    return heard


LINE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "eA=="}


@pytest.mark.parametrize("role", [None, "county2", "leader"])
def test_the_line_to_a_kernel_is_its_owners(people, foreign, role):
    assert people[role].ask("GET", f"/api/kernels/{foreign}/channels", **LINE)[0] in (403, 404)


def test_the_owner_has_the_line_and_is_answered(site, people, foreign):
    """What the refusals are held against: the same requests of the owner's, of a kind that is allowed."""
    assert people["county"].ask("GET", f"/api/kernels/{foreign}/channels", **LINE)[0] == 101
    heard = asyncio.run(_spoken(site, foreign, people["county"].cookies, _said("kernel_info_request")))
    assert "kernel_info_reply" in str(heard)


def _said(kind):
    header = {"msg_id": "1", "msg_type": kind, "username": "", "session": "1", "version": "5.4", "date": ""}
    content = {"code": f"print('{SECRET}', open('/etc/passwd').read())", "silent": False, "cursor_pos": 0}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


def test_another_site_cannot_use_the_line_of_somebody_signed_in(people, foreign):
    path = f"/api/kernels/{foreign}/channels?session_id=1"
    assert people["county"].ask("GET", path, **LINE, Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize("kind", ["execute_request", "inspect_request", "complete_request", "history_request"])
def test_no_code_can_be_run_over_the_line(site, people, foreign, kind):
    heard = asyncio.run(_spoken(site, foreign, people["county"].cookies, _said(kind)))
    assert not [said for said in heard if SECRET in str(said) or "root:x:" in str(said) or "_reply" in str(said)]


def test_a_forged_or_old_cookie_is_nobody(people, site):
    name = next(key for key in people["county"].cookies if key.startswith("username"))
    for value in ("", "li", "x" * 43, json.dumps({"username": "li"}), people["county"].cookies[name][:-1]):
        client = Client(site, {name: value})
        assert client.ask("GET", "/voila/render/entry/assessment.ipynb")[0] == 302, value


@pytest.mark.parametrize("template", ["reveal", "nope", "../..", "lab"])
def test_a_visitor_cannot_choose_the_template(people, template):
    text = people["county"].ask("GET", f"/voila/render/entry/assessment.ipynb?template={template}&theme=dark")[1]
    assert "chengxin/static/chengxin.css" in text
    assert "cdn" not in text.lower()


def test_a_failing_page_tells_nothing_but_that_it_failed(people):
    status, text, _ = people["county"].ask("GET", "/voila/render/entry/fails.ipynb")
    assert status == 200
    assert "本页有一部分没有生成" in text
    assert "There was an error" not in text
    harmless(text)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8866", "10.0.0.1", "127.0.0.1.evil.example"])
def test_a_foreign_host_name_is_refused(people, host):
    status, text, _ = people["county"].ask("GET", "/", Host=host)
    assert status == 403
    harmless(text)


OPEN = {f"2025-{MINE}.html", f"2025-{MINE}.pdf", f"2025-{MINE}.docx", f"2025-{MINE}.xlsx", f"card-2025-{MINE}-J1.html"}
OURS = {
    f"2026-{MINE}.html", f"2026-{MINE}.pdf", f"monitoring-2025-{MINE}.html", f"comparison-2025-{MINE}.html",
    f"recheck-2025-{MINE}.xlsx", f"card-2026-{MINE}-J1.html",
}  # fmt: skip
THEIRS = {f"2026-{OTHER}.html", f"comparison-2026-{OTHER}.pdf", f"card-2026-{OTHER}-J1.docx"}
OFFICE = {"city-2025-city.html", "monitoring-2025-city.xlsx", "recheck-2025-city.html"}
STALE = f"card-2025-{MINE}-S1.html"  # all of it is published, but it was made before
NOBODY = {f"2025-{MINE}.ipynb", "card-2025-nowhere.html", "2025-999.html", "index.html", "x-2025-331082.html"}
FINISHED = [*OPEN, *OURS, *THEIRS, *OFFICE, STALE, *NOBODY]
MADE = datetime(2026, 11, 3, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (None, OPEN),
        ("point", OPEN),
        ("assessor", OPEN),
        ("county", OPEN | OURS | {STALE}),
        ("county2", OPEN | THEIRS),
        ("leader", OPEN | OURS | THEIRS | OFFICE | {STALE}),
        ("city", OPEN | OURS | THEIRS | OFFICE | {STALE}),
    ],
)
def test_reports_are_for_whom_they_are(people, role, may):
    answers = {file: people[role].ask("GET", f"/reports/{file}") for file in FINISHED}
    assert {file for file, (status, *_) in answers.items() if status == 200} == may
    assert {status for status, *_ in answers.values()} <= {200, 404}
    listed = people[role].ask("GET", "/")[1]
    assert set(re.findall(r"/reports/([\w.-]+)", listed)) == may
    for file in may:
        headers = answers[file][2]
        assert headers["Cache-Control"] == "private, no-cache"
        assert ("attachment" in headers.get("Content-Disposition", "")) is not file.endswith(".html")
        assert headers["Content-Type"].startswith("text/html") is file.endswith(".html")


def test_a_report_that_is_saved_has_its_title_as_name(people):
    said = people[None].ask("GET", f"/reports/2025-{MINE}.pdf")[2]["Content-Disposition"]
    assert urllib.parse.unquote(said.partition("''")[2]) == "临海市2025年诚信计量指数评价报告.pdf"


def test_sign_in_wants_the_token_of_its_own_form(site):
    client = Client(site)
    assert client.ask("POST", "/login", "name=li&password=three+odd+words+7")[0] == 403
    client.ask("GET", "/login")
    assert client.ask("POST", "/login", "_xsrf=x&name=li&password=three+odd+words+7")[0] == 403
    assert not [name for name in client.cookies if name.startswith("username")]


def test_a_form_that_has_become_old_is_called_so_and_not_a_lack_of_rights(site):
    client = Client(site)
    client.ask("GET", "/login")
    client.cookies.clear()
    text = client.ask("POST", "/login", "_xsrf=x&name=li&password=x")[1]
    assert "页面已过期" in text
    assert "无权" not in text


@pytest.mark.parametrize("path", ["/", "/login", "/logout", "/nothing", "/voila/render/dashboard/city.ipynb"])
def test_what_is_for_one_reader_is_not_kept_by_the_browser(people, path):
    assert "no-store" in people["leader"].ask("GET", path)[2]["Cache-Control"]


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "FOO"])
@pytest.mark.parametrize("path", ["/", "/login", "/voila/render/dashboard/city.ipynb", "/reports/x.html"])
def test_other_methods_are_refused_in_words(people, method, path):
    status, text, headers = people["city"].ask(method, path)
    assert status in (403, 404, 405)
    assert "<h1>" in text or not text
    assert "Content-Security-Policy" in headers


def test_the_name_stands_there_still_after_a_wrong_password_and_is_text(site):
    text = Client(site).enter('"><b>li', "x")[1]
    assert 'value="&#34;&gt;&lt;b&gt;li"' in text


def test_guessing_is_slowed_down_and_names_are_not_given_away(site, people):
    client = Client(site)
    unknown = client.enter("nobody", "x")
    wrong = client.enter("ju", "x")
    assert unknown[0] == wrong[0] == 401
    assert re.sub(r"value=\S+", "", unknown[1]) == re.sub(r"value=\S+", "", wrong[1])
    for _ in range(4):
        client.enter("ju", "x")
    status, text, _ = client.enter("ju")
    assert status == 429
    assert "15分钟后" in text
    assert people["leader"].ask("GET", "/voila/render/dashboard/city.ipynb")[0] == 200  # who is in stays in


def test_spraying_from_one_address_is_slowed_down_and_others_sign_in(site):
    """The address comes from the proxy of this machine."""
    stranger = Client(site)
    said = [stranger.enter(f"name{n}", "x", X_Real_IP="198.51.100.7")[0] for n in range(22)]
    assert said == [401] * 20 + [429] * 2
    assert Client(site).enter("li", X_Real_IP="192.0.2.7")[0] == 303


def test_a_huge_form_is_refused_unread(site):
    place = urllib.parse.urlsplit(site)
    line = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    line.putrequest("POST", "/login")
    line.putheader("Content-Length", str(10 << 20))
    line.endheaders(b"name=")
    assert line.getresponse().status == 400
    line.close()


def test_signing_in_never_leads_to_another_site(site):
    for then in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert Client(site).enter("ke", then=then)[2]["Location"] == "/"
    assert Client(site).enter("ke", then="/voila/render/lab/lab.ipynb")[2]["Location"] == "/voila/render/lab/lab.ipynb"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(site):
    headers = Client(site).enter("ke")[2]
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Lax" in headers["Set-Cookie"]
    assert "Secure" not in headers["Set-Cookie"]
    headers = Client(site).enter("ke", X_Forwarded_Proto="https")[2]  # behind a proxy of the same machine
    assert "Secure" in headers["Set-Cookie"]


def test_signing_out_ends_the_kernels_and_the_session(site):
    client = Client(site)
    client.enter("ke")
    kernel = client.kernel()
    client.ask("GET", "/logout")
    old = dict(client.cookies)
    status, *_ = client.ask("POST", "/logout", urllib.parse.urlencode({"_xsrf": client.cookies["_xsrf"]}))
    assert status == 303
    assert Client(site, old).ask("GET", f"/api/kernels/{kernel}")[0] in (302, 403, 404)
    assert Client(site, old).ask("GET", "/voila/render/entry/assessment.ipynb")[0] == 302


def test_a_disabled_account_is_out_at_once(site, folder):
    client = Client(site)
    with opened(folder / "chengxin.db") as engine, writing(engine) as conn:
        accounts.add(conn, Account("weg", "走了", "leader", None, None, "active"), PASSWORD, who="市局", at=AT)
    assert client.enter("weg")[0] == 303
    assert client.ask("GET", "/voila/render/dashboard/city.ipynb")[0] == 200
    with opened(folder / "chengxin.db") as engine, writing(engine) as conn:
        accounts.set_status(conn, "weg", "disabled", who="市局", at=AT)
    assert client.ask("GET", "/voila/render/dashboard/city.ipynb")[0] == 302
    assert client.enter("weg")[0] == 401


def test_one_person_cannot_take_all_kernels(site):
    client = Client(site)
    client.enter("shi")
    answers = [client.ask("GET", "/voila/render/lab/lab.ipynb") for _ in range(9)]
    assert [status for status, *_ in answers[:8]] == [200] * 8
    assert answers[8][0] == 503
    assert "您已打开8个页面，请关闭不用的页面后重试。" in answers[8][1]
    assert "使用人数较多" not in answers[8][1]
    assert answers[8][2]["Retry-After"] == "60"


HEADED = ["/", "/login", "/logout", "/nope", "/voila/render/entry/assessment.ipynb", "/voila/render/nope.ipynb",
          "/voila/render/lab/lab.ipynb", "/reports/nope", "/voila/templates/chengxin/static/chengxin.css"]  # fmt: skip


@pytest.mark.parametrize("role", [None, "assessor"])
@pytest.mark.parametrize("path", [*HEADED, f"/reports/2025-{MINE}.pdf"])
def test_head_answers_as_get_without_a_body(people, folder, role, path):
    before = kernels(folder / "chengxin.db")
    status, text, headers = people[role].ask("HEAD", path)
    assert text == ""
    assert set(kernels(folder / "chengxin.db")) <= set(before)  # others may end meanwhile
    wanted, _, shown = people[role].ask("GET", path)
    assert status == wanted
    for name in ("Content-Type", "Location", "Content-Disposition", "Cache-Control", "Content-Security-Policy"):
        assert headers.get(name, "").partition(";")[0] == shown.get(name, "").partition(";")[0]


def test_head_of_a_kernel_answers_its_owner_only(people, foreign):
    assert people["county"].ask("HEAD", f"/api/kernels/{foreign}")[:2] == (200, "")
    assert people["county2"].ask("HEAD", f"/api/kernels/{foreign}")[:2] == (404, "")
    assert people["county"].ask("HEAD", f"/api/kernels/{foreign}/channels")[:2] == (405, "")


def test_who_is_refused_because_of_others_is_told_so(monkeypatch):
    monkeypatch.setattr(handlers, "settings", lambda: {"serve_kernels_per_user": 8, "serve_kernels": 1})
    monkeypatch.setattr(handlers, "LEAVING", 0)
    manager = handlers.Kernels()
    asyncio.run(manager.ticket("li"))
    with pytest.raises(handlers.FullError) as told:
        asyncio.run(manager.ticket("ke"))
    assert (told.value.status_code, told.value.own) == (503, 0)


def test_a_page_that_is_left_before_it_is_there_keeps_no_place(site):
    client = Client(site)
    client.enter("ju2")
    place = urllib.parse.urlsplit(site)
    for _ in range(9):
        line = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        line.request("GET", "/voila/render/dashboard/slow.ipynb", headers={"Cookie": cookies})
        answer = line.getresponse()
        assert answer.status == 200
        answer.close()
        line.close()


@pytest.mark.parametrize("path", ["/", "/login", "/nope", "/reports/nope", "/voila/static/nope", "/voila/files/x.png"])
def test_every_answer_carries_the_security_headers(people, path):
    headers = people[None].ask("GET", path)[2]
    assert "script-src-attr 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Server"] == "chengxin"


@pytest.fixture(scope="module")
def kit(folder):
    """The site with the kit's own notebooks."""
    with serving(folder / "chengxin.db", demo=False) as address:
        yield address


OWN = sorted(
    path.relative_to(place("notebooks")).as_posix()
    for shelf in SHELVES
    for path in (place("notebooks") / shelf).glob("*.ipynb")
)


@pytest.mark.parametrize("role", ["city", "county", "assessor", "point"])
def test_the_kits_own_pages_work_for_each_role_that_opens_them(kit, role):
    client = Client(kit)
    client.enter(PEOPLE[role].name)
    opened_by = [path for path in OWN if may_open(PEOPLE[role].access, path)]
    assert opened_by
    for path in opened_by:
        status, text, _ = client.ask("GET", f"/voila/render/{urllib.parse.quote(path)}")
        assert status == 200
        assert "没有生成" not in text, path
        assert '<span class="cx-mode">演示数据</span>' in text  # a point's own rows do not say so
        client.ask("POST", f"/voila/api/shutdown/{re.search(KERNEL, text)[1]}", "", X_XSRFToken=client.cookies["_xsrf"])
