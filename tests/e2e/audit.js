// What a page must offer to everybody: names, contrast, headings, no id twice. Returns what is wrong.
() => {
  const seen = (e) => e.checkVisibility({checkVisibilityCSS: true}) && e.getClientRects().length;
  const rgb = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.a > 0.99) return colour;
    }
    return {r: 255, g: 255, b: 255};
  };
  const light = ({r, g, b}) => [r, g, b]
    .map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const problems = [];
  for (const e of document.querySelectorAll("button, a, input, select, textarea, summary, iframe, progress, dialog[open]")) {
    if (!seen(e)) continue;
    const label = e.getAttribute("aria-label") || e.title || e.labels?.[0]?.textContent || e.textContent;
    if (!label.trim()) problems.push(`no name: ${e.outerHTML.slice(0, 120)}`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !seen(e) || e.closest(":disabled, .skip, .hidden-label")) continue;
    const ratio = contrast(rgb(getComputedStyle(e).color), ground(e));
    if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)}: ${texts.currentNode.textContent.trim()}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, n) => ids.indexOf(id) !== n).forEach((id) => problems.push(`id twice: ${id}`));
  const levels = [...document.querySelectorAll("h1, h2, h3")].filter(seen).map((e) => Number(e.tagName[1]));
  if (levels[0] !== 1 || levels.filter((l) => l === 1).length !== 1) problems.push(`headings: ${levels}`);
  if (!document.documentElement.lang || !document.title || !document.querySelector("main")) problems.push("page");
  return problems;
}
