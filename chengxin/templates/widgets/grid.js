// Merchants × lines, one light table instead of hundreds of widgets; on a phone one merchant at a time.
// Python hears only of changes: {"10.1@M0012": "bad"}, numbered; what it says of the cells without having heard of a
// change does not undo it. All text is set as text, never as HTML.
const WORDS = { "": "未查", ok: "合格", bad: "不合格", na: "不适用" };
const SIGNS = { "": "", ok: "✓", bad: "✕", na: "—" };
const NEXT = { "": "ok", ok: "bad", bad: "na", na: "ok" };
const KEYS = { 1: "ok", 2: "bad", 3: "na", Delete: "", Backspace: "" };

const make = (tag, words = "", more = {}) => Object.assign(document.createElement(tag), { textContent: words, ...more });

function render({ model, el }) {
  let state = new Map(Object.entries(model.get("cells")));
  const unheard = new Map(); // field → number and result of the newest change
  let sent = model.get("heard");
  let here = 0; // the merchant shown on a phone
  const narrow = matchMedia("(max-width: 640px)");
  const fieldOf = (line, merchant) => `${line.id}@${merchant.code}`;
  const of = (field) => state.get(field) || "";

  const send = (changes) => {
    if (model.get("frozen") || !Object.keys(changes).length) return;
    sent += 1;
    for (const [field, result] of Object.entries(changes)) unheard.set(field, { count: sent, result });
    model.send({ changes, count: sent });
    renew();
  };
  const fill = (merchants, lines) => {
    const changes = {};
    for (const merchant of merchants) for (const line of lines) {
      const field = fieldOf(line, merchant);
      if (!of(field)) changes[field] = "ok";
    }
    send(changes);
  };

  const dress = (button, line, merchant) => {
    const result = of(button.dataset.field);
    button.textContent = SIGNS[result];
    button.className = `cx-cell cx-cell-${result || "none"}`;
    button.setAttribute("aria-label", `${merchant.name}，${line.id}${line.label}：${WORDS[result]}`);
    button.disabled = model.get("frozen");
  };
  let redress = [];
  const refresh = () => redress.forEach((again) => again());

  const column = (line, merchants) => {
    const results = merchants.map((merchant) => of(fieldOf(line, merchant)));
    const count = (...wanted) => results.filter((result) => wanted.includes(result)).length;
    const left = count("");
    return `${count("ok")}／${count("ok", "bad")}` + (left ? `，未查${left}` : "");
  };

  const table = (merchants, lines) => {
    const root = make("table");
    root.setAttribute("role", "grid");
    root.append(make("caption", "空格或点击：未查→合格→不合格→不适用；数字键1合格、2不合格、3不适用；方向键移动。"));
    const head = root.createTHead().insertRow();
    head.append(make("th", "经营户", { scope: "col" }));
    for (const line of lines) {
      const cell = make("th", "", { scope: "col" });
      const button = make("button", "余下合格", { type: "button", className: "cx-fill", disabled: model.get("frozen") });
      button.setAttribute("aria-label", `${line.id}${line.label}：未查的都填合格`);
      button.addEventListener("click", () => fill(merchants, [line]));
      cell.append(make("span", `${line.id} ${line.label}`), button);
      head.append(cell);
    }
    const body = root.createTBody();
    const grid = merchants.map((merchant) => {
      const row = body.insertRow();
      const name = make("th", "", { scope: "row" });
      const button = make("button", "余下✓", { type: "button", className: "cx-fill", disabled: model.get("frozen") });
      button.setAttribute("aria-label", `${merchant.name}：未查的都填合格`);
      button.addEventListener("click", () => fill([merchant], lines));
      name.append(make("span", merchant.name), button);
      row.append(name);
      return lines.map((line) => {
        const cell = make("button", "", { type: "button", tabIndex: -1 });
        cell.dataset.field = fieldOf(line, merchant);
        const again = () => dress(cell, line, merchant);
        redress.push(again);
        again();
        row.insertCell().append(cell);
        return cell;
      });
    });
    const foot = root.createTFoot().insertRow();
    foot.append(make("th", "合格／检查", { scope: "row" }));
    for (const line of lines) {
      const sum = foot.insertCell();
      const again = () => { sum.textContent = column(line, merchants); };
      redress.push(again);
      again();
    }
    if (grid.length && grid[0].length) grid[0][0].tabIndex = 0;
    body.addEventListener("click", ({ target }) => {
      const field = target.dataset?.field;
      if (field) send({ [field]: NEXT[of(field)] });
    });
    body.addEventListener("focusin", ({ target }) => {
      if (!target.dataset?.field) return;
      for (const cells of grid) for (const cell of cells) cell.tabIndex = cell === target ? 0 : -1;
    });
    body.addEventListener("keydown", (event) => {
      const r = grid.findIndex((cells) => cells.includes(event.target));
      if (r < 0) return;
      const c = grid[r].indexOf(event.target);
      const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] || [0, 0];
      if (down || right) grid[r + down]?.[c + right]?.focus();
      else if (event.key in KEYS) {
        send({ [event.target.dataset.field]: KEYS[event.key] });
        grid[r + 1]?.[c]?.focus();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return root;
  };

  const card = (merchants, lines) => {
    here = Math.min(here, merchants.length - 1);
    const merchant = merchants[here];
    const root = make("div", "", { className: "cx-one" });
    const pick = make("select");
    pick.setAttribute("aria-label", "经营户");
    merchants.forEach((each, n) => pick.append(make("option", `${n + 1}. ${each.name}`, { value: n, selected: n === here })));
    const go = (n) => { here = (n + merchants.length) % merchants.length; draw(); el.querySelector("select").focus(); };
    pick.addEventListener("change", () => go(Number(pick.value)));
    const back = make("button", "上一户", { type: "button" }), on = make("button", "下一户", { type: "button" });
    back.addEventListener("click", () => go(here - 1));
    on.addEventListener("click", () => go(here + 1));
    const all = make("button", "余下都合格", { type: "button", disabled: model.get("frozen") });
    all.addEventListener("click", () => fill([merchant], lines));
    const bar = make("div", "", { className: "cx-one-bar" });
    bar.append(pick, back, on, all);
    root.append(bar);
    for (const line of lines) {
      const field = fieldOf(line, merchant);
      const group = make("fieldset");
      group.append(make("legend", `${line.id} ${line.label}`));
      for (const result of ["ok", "bad", "na"]) {
        const button = make("button", WORDS[result], { type: "button", disabled: model.get("frozen") });
        const again = () => {
          const on = of(field) === result;
          button.className = `cx-cell cx-cell-${on ? result : "none"}`;
          button.setAttribute("aria-pressed", String(on));
        };
        redress.push(again);
        again();
        button.addEventListener("click", () => send({ [field]: of(field) === result ? "" : result }));
        group.append(button);
      }
      root.append(group);
    }
    return root;
  };

  const draw = () => {
    redress = [];
    const merchants = model.get("merchants"), lines = model.get("lines");
    if (!merchants.length || !lines.length) return el.replaceChildren();
    el.classList.add("cx-grid");
    el.classList.toggle("cx-grid-phone", narrow.matches);
    el.replaceChildren(narrow.matches ? card(merchants, lines) : table(merchants, lines));
  };
  const renew = () => {
    state = new Map(Object.entries(model.get("cells")));
    for (const [field, { count, result }] of unheard) {
      if (count > model.get("heard")) state.set(field, result);
      else unheard.delete(field);
    }
    model.set("cells", Object.fromEntries(state)); // what is shown, so that a mark refused is a change
    refresh();
  };
  model.on("change:cells", renew);
  for (const name of ["merchants", "lines", "frozen"]) model.on(`change:${name}`, draw);
  narrow.addEventListener("change", draw);
  draw();
  return () => narrow.removeEventListener("change", draw);
}
export default { render };
