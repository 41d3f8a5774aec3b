// Texts of a page whose contrast with what is behind them is below 4.5 to 1 (WCAG 2 AA), with the ratio.
() => {
  const parse = (said) => {
    const parts = (said.match(/[\d.]+/g) || []).map(Number);
    return said.startsWith("rgb") && (parts[3] ?? 1) > 0 ? parts.slice(0, 3) : null;
  };
  const light = (rgb) =>
    rgb
      .map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const page = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color) return color;
    }
    return [255, 255, 255];
  };
  const shape = (text) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const under = [...text.ownerSVGElement.querySelectorAll("path, rect")].filter((part) => {
      const r = part.getBoundingClientRect();
      const before = part.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      return before && r.left <= x && x <= r.right && r.top <= y && y <= r.bottom && parse(getComputedStyle(part).fill);
    });
    return under.length ? parse(getComputedStyle(under.at(-1)).fill) : page(text.ownerSVGElement.parentElement);
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType == 3 && node.textContent.trim());
  return [...document.querySelectorAll("main *")]
    .filter((element) => own(element) && !["title", "style"].includes(element.tagName.toLowerCase()))
    .map((element) => {
      const drawn = element.ownerSVGElement;
      const style = getComputedStyle(element);
      const ink = parse(drawn ? style.fill : style.color);
      return [element.textContent.trim(), ratio(ink, drawn ? shape(element) : page(element))];
    })
    .filter(([, found]) => found < 4.5);
};
