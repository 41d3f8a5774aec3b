// Says in words what Voilà shows only as small broken icons: the line to the kernel is cut, or the kernel is gone.
(() => {
  const base = document.body.dataset.baseUrl.replace(/voila\/$/, "");
  const words = {
    lost: "网络连接中断，正在自动重新连接。请不要关闭本页：中断前的内容已经保存，中断期间改动的内容恢复后自动补存。",
    gone: "本页会话已结束（长时间未操作或服务已重启）。已保存的内容都在，请刷新页面继续。",
    out: "登录已过期。已保存的内容都在，请重新登录后继续。",
  };
  const alarm = () => document.getElementById("cx-alarm");
  let shown = "", leaving = false;
  addEventListener("pagehide", () => { leaving = true; });

  const show = (state) => {
    if (leaving || state === shown || (shown === "gone" && state !== "out")) return;
    shown = state;
    const shut = state === "gone" || state === "out"; // nothing is saved any more, so nothing more may be typed
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
  setInterval(() => { if (document.querySelector(".jupyter-widgets-disconnected")) show("gone"); }, 1000);
})();
