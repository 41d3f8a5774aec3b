// Says in words what Voilà shows only as small broken icons: the line to the kernel is cut, or the kernel is gone.
(() => {
  const base = document.body.dataset.baseUrl.replace(/voila\/$/, "");
  const words = {
    lost: "网络连接中断，正在自动重新连接。请不要关闭本页：中断前的内容已经保存，中断期间改动的内容恢复后自动补存。",
    gone: "本页会话已结束（长时间未操作或服务已重启）。已保存的内容都在，请刷新页面继续。",
    out: "登录已过期。已保存的内容都在，请重新登录后继续。",
    blank: "本页没有打开完整。已保存的内容都在，请刷新页面；仍不行请告知管理员。",
  };
  const PATIENCE = 90_000, begun = Date.now(); // milliseconds that a page may take until it is shown
  const alarm = () => document.getElementById("cx-alarm");
  let shown = "", leaving = false;
  addEventListener("pagehide", () => { leaving = true; });
  // a page that is left before Voilà is ready to say goodbye to its kernel would keep its reader's place
  const goodbye = () => {
    const told = document.getElementById("jupyter-config-data"), token = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie);
    if (!told || !token) return;
    const body = new FormData();
    body.append("_xsrf", token[1]);
    navigator.sendBeacon(`${base}voila/api/shutdown/${JSON.parse(told.textContent).kernelId}`, body);
  };
  addEventListener("beforeunload", goodbye); // before the next page is asked for
  addEventListener("pagehide", goodbye); // where a phone knows no other
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // its kernel has ended

  const show = (state) => {
    if (leaving || state === shown || (shown === "gone" && state !== "out")) return;
    shown = state;
    const shut = state === "gone" || state === "out" || state === "blank"; // nothing is saved any more, so nothing more may be typed
    document.querySelectorAll("#rendered_cells .cx-page").forEach((page) => { page.inert = shut; });
    alarm().replaceChildren();
    if (!state) return;
    alarm().append(Object.assign(document.createElement("span"), { textContent: words[state] }));
    if (state === "lost") return;
    const again = Object.assign(document.createElement("button"), { textContent: state === "out" ? "重新登录" : "刷新页面" });
    again.addEventListener("click", () => location.reload());
    alarm().append(again);
  };

  const ask = async (kernel) => {
    try {
      const answer = await fetch(`${base}api/kernels/${kernel}`, { credentials: "same-origin", redirect: "manual" });
      if (answer.status === 404) show("gone");
      else if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") show("out");
    } catch { /* no network: "lost" stays */ }
  };

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      const kernel = /\/api\/kernels\/([\w-]+)\/channels/.exec(String(given[0]));
      if (!kernel) return;
      this.addEventListener("open", () => show(""));
      this.addEventListener("close", () => { show("lost"); setTimeout(ask, 500, kernel[1]); });
    }
  };
  addEventListener("focusin", ({ target }) => { if (target.closest?.(".cx-number")) target.inputMode = "decimal"; }); // digits on a phone
  const blank = () => document.querySelector(".jp-OutputArea-output.jupyter-widgets")?.textContent.startsWith("Error displaying")
    || (Date.now() - begun > PATIENCE && document.querySelector("script[type='application/vnd.voila.cell-output+json']"));
  // a line cut while the page was being opened: once it is opened again by itself, then the reader is told
  const open_again = () => {
    if (Date.now() - Number(sessionStorage.getItem("cx-opened")) < 2 * PATIENCE) return show("blank");
    sessionStorage.setItem("cx-opened", Date.now());
    location.reload();
  };
  setInterval(() => {
    if (document.querySelector(".jupyter-widgets-disconnected")) show("gone");
    else if (!leaving && !shown && blank()) open_again();
  }, 1000);
})();
