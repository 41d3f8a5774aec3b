// Buttons that save what a page shows as a file. The kernel makes the bytes when asked; the browser saves them:
// nothing is written on the server. Tables of which there are several are asked for by name.
const make = (tag, words = "", more = {}) => Object.assign(document.createElement(tag), { textContent: words, ...more });

function render({ model, el }) {
  const bar = make("div", "", { className: "cx-save" });
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "导出本页所示");
  const said = make("span", "", { className: "cx-rule" });
  said.setAttribute("role", "status");
  const menu = make("span", "", { className: "cx-save-menu", hidden: true });
  const ask = (format, sheet) => {
    for (const button of bar.querySelectorAll("button")) button.disabled = true;
    said.textContent = "正在生成文件……";
    model.send({ format, sheet });
  };
  bar.append(make("span", "导出本页所示："));
  for (const [format, words] of Object.entries(model.get("formats"))) {
    const button = make("button", words, { type: "button" });
    button.addEventListener("click", () => { menu.hidden = true; ask(format, ""); });
    bar.append(button);
  }
  bar.append(menu, said);
  const choose = (format, sheets) => {
    menu.replaceChildren(make("span", "哪一张表："));
    for (const sheet of sheets) {
      const button = make("button", sheet, { type: "button" });
      button.addEventListener("click", () => ask(format, sheet));
      menu.append(button);
    }
    menu.hidden = false;
    menu.querySelector("button").focus();
  };
  const save = (name, media, bytes) => {
    const link = make("a", "", { href: URL.createObjectURL(new Blob([bytes], { type: media })), download: name });
    link.hidden = true;
    bar.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  const heard = (content, buffers) => {
    for (const button of bar.querySelectorAll("button")) button.disabled = false;
    said.textContent = content.said;
    if (content.sheets) choose(content.format, content.sheets);
    else if (content.name) save(content.name, content.media, buffers[0]);
  };
  model.on("msg:custom", heard);
  el.replaceChildren(bar);
  return () => model.off("msg:custom", heard);
}
export default { render };
