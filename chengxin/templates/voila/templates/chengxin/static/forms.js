// What the widgets leave out: a group of buttons has a name and says which one is pressed, the page's address says what
// was chosen, and a file that is too large never leaves the browser, where it would cut the line to the kernel.
(() => {
  const dress = () => {
    for (const group of document.querySelectorAll(".cx-page .widget-toggle-buttons")) {
      if (!group.hasAttribute("role")) {
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", group.querySelector(".widget-label")?.textContent || "");
      }
      for (const button of group.querySelectorAll("button")) {
        const pressed = String(button.classList.contains("mod-active"));
        if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      }
    }
  };
  const press = () => {
    for (const tile of document.querySelectorAll(".cx-page .cx-unit")) {
      const pressed = String(tile.classList.contains("cx-ok"));
      if (tile.getAttribute("aria-pressed") !== pressed) tile.setAttribute("aria-pressed", pressed);
    }
    const here = document.querySelector(".cx-page a.cx-here");
    if (here && here.href !== location.href) history.replaceState(null, "", here.href);
  };
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    setTimeout(() => { due = false; dress(); press(); }, 150);
  };
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver(soon).observe(document.body, { subtree: true, childList: true, attributeFilter: ["class"] });
  });

  // The upload button says how many megabytes it takes by its class cx-most-N; its file input is no part of the page.
  let button = null;
  addEventListener("click", ({ target }) => { button = target.closest?.("[class*=cx-most-]") || button; }, true);

  const say = (where, words) => {
    where.parentElement.querySelectorAll(":scope > .cx-toolarge").forEach((old) => old.remove());
    if (!words) return;
    const said = Object.assign(document.createElement("p"), { className: "cx-toolarge cx-banner cx-bad", textContent: words });
    said.setAttribute("role", "alert");
    where.after(said);
  };
  const check = (event) => {
    if (!button) return;
    const most = Number(/cx-most-(\d+)/.exec(button.className)[1]);
    const files = [...event.target.files], MB = 2 ** 20;
    const large = files.filter((file) => file.size > most * MB);
    const names = large.map((file) => `“${file.name}”（${(file.size / MB).toFixed(1)}MB）`).join("、");
    const whole = files.reduce((sum, file) => sum + file.size, 0) / MB;
    const wrong = large.length ? `${names}超过${most}MB，所选文件都没有上传；请压缩或拆分后再选。`
      : whole > 1.5 * most ? `所选文件共${whole.toFixed(1)}MB，一次太多，都没有上传；请分几次选。` : "";
    say(button, wrong);
    if (wrong) event.stopImmediatePropagation();
  };
  const click = HTMLInputElement.prototype.click;
  HTMLInputElement.prototype.click = function () {
    if (this.type === "file" && !this.cxWatched) {
      this.cxWatched = true;
      this.addEventListener("change", check, { capture: true });
    }
    return click.call(this);
  };
})();
