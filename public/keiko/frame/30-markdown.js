// Markdown as elements. Nothing in a text becomes HTML, nothing is loaded, links lead only to http, https and mailto.

const INLINE = /`([^`\n]+)`|\*\*(?=\S)([\s\S]+?\S?)\*\*|__(?=\S)([^_]+)__|(?<![\w*])\*(?=\S)([^*\n]+)\*|(?<!\w)_(?=\S)([^_\n]+)_(?!\w)|~~(?=\S)([^~]+)~~|!?\[([^\]\n]*)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(https?:\/\/[^\s<>()"'`*]+[^\s<>()"'`*.,;:!?])|\\([\\`*_{}[\]()#+\-.!|~])/g;

function link(address, label) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return label;
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return label;
  const host = url.protocol === "mailto:" ? url.pathname : url.host;
  const isPlain = label.includes(host);
  return make("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", text: label, "data-host": isPlain ? null : host });
}

function inline(text, into, depth = 0) {
  let end = 0;
  for (const found of depth > 4 ? [] : text.matchAll(INLINE)) {
    const [whole, code, strong, strong2, em, em2, gone, label, address, plain, escaped] = found;
    into.append(text.slice(end, found.index));
    end = found.index + whole.length;
    if (code !== undefined) into.append(make("code", { text: code }));
    else if (strong ?? strong2) into.append(inline(strong ?? strong2, make("strong"), depth + 1));
    else if (em ?? em2) into.append(inline(em ?? em2, make("em"), depth + 1));
    else if (gone) into.append(inline(gone, make("s"), depth + 1));
    else if (address) into.append(link(address, label || address));
    else if (plain) into.append(link(plain, plain));
    else into.append(escaped ?? whole);
  }
  into.append(text.slice(end));
  return into;
}

const FENCE = /^\s*(```+|~~~+)\s*([\w+#.-]*)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const ROW = /^\s*\|.*\|\s*$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^\s*>\s?(.*)$/;
const begins = (line) => FENCE.test(line) || ITEM.test(line) || ROW.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);

// A text as blocks, each a kind and its lines: what has not changed need not be drawn again.
function blocks(text) {
  const lines = text.split("\n");
  const found = [];
  for (let n = 0; n < lines.length; ) {
    const start = n;
    const line = lines[n];
    const fence = FENCE.exec(line);
    const take = (test) => {
      while (n < lines.length && test(lines[n])) n += 1;
    };
    let kind = "p";
    n += 1;
    if (!line.trim()) continue;
    if (fence) {
      kind = "code";
      take((next) => !next.trim().startsWith(fence[1]));
      n += 1;
    } else if (RULE.test(line)) kind = "rule";
    else if (HEADING.test(line)) kind = "heading";
    else if (ROW.test(line)) {
      kind = "table";
      take((next) => ROW.test(next));
    } else if (QUOTE.test(line)) {
      kind = "quote";
      take((next) => QUOTE.test(next));
    } else if (ITEM.test(line)) {
      kind = "list";
      take((next) => ITEM.test(next) || /^\s+\S/.test(next));
    } else take((next) => next.trim() && !begins(next));
    found.push({ kind, source: lines.slice(start, n).join("\n") });
  }
  return found;
}

const DRAW = {
  p: (source) => inline(source, make("p")),
  rule: () => make("hr"),
  heading(source) {
    const [, signs, text] = HEADING.exec(source);
    return inline(text, make("h2", { "data-level": Math.min(4, signs.length) }));
  },
  quote: (source) => make("blockquote", {}, ...blocks(source.replace(/^\s*>\s?/gm, "")).map(drawBlock)),
  code(source) {
    const lines = source.split("\n");
    const [, fence, language] = FENCE.exec(lines[0]);
    if (lines.length > 1 && lines.at(-1).trim().startsWith(fence)) lines.pop();
    const text = lines.slice(1).join("\n");
    const copy = iconButton("copy", t("copy"), async () => {
      await navigator.clipboard.writeText(text).then(() => frame.notice(t("copied"), { brief: true }), () => frame.notice(t("failed")));
    });
    return make("figure", { class: "code" }, make("figcaption", {}, make("span", { text: language }), copy), make("pre", { tabindex: 0 }, make("code", { text })));
  },
  table(source) {
    const rows = source.split("\n").map((line) => line.trim().slice(1, -1).split("|").map((cell) => cell.trim()));
    const isRuled = rows[1]?.every((cell) => /^:?-+:?$/.test(cell));
    const row = (cells, tag) => make("tr", {}, ...cells.map((cell) => inline(cell, make(tag, tag === "th" ? { scope: "col" } : {}))));
    const head = isRuled ? make("thead", {}, row(rows[0], "th")) : null;
    const body = make("tbody", {}, ...rows.slice(isRuled ? 2 : 0).map((cells) => row(cells, "td")));
    return make("div", { class: "table", tabindex: 0, role: "group" }, make("table", {}, head, body));
  },
  list(source) {
    const items = [];
    for (const line of source.split("\n")) {
      const item = ITEM.exec(line);
      if (item) items.push({ indent: item[1].length, mark: item[2], text: item[3] });
      else if (items.length) items.at(-1).text += ` ${line.trim()}`;
    }
    return drawItems(items);
  },
};

function drawItems(items) {
  const [{ indent, mark }] = items;
  const isNumbered = /\d/.test(mark);
  const list = make(isNumbered ? "ol" : "ul", isNumbered && parseInt(mark) !== 1 ? { start: parseInt(mark) } : {});
  for (let n = 0; n < items.length; ) {
    const item = inline(items[n].text.replace(/^\[[ xX]\] /, (box) => (box === "[ ] " ? "☐ " : "☑ ")), make("li"));
    const below = n + 1;
    n = below;
    while (n < items.length && items[n].indent > indent + 1) n += 1;
    if (n > below) item.append(drawItems(items.slice(below, n)));
    list.append(item);
  }
  return list;
}

const drawBlock = ({ kind, source }) => DRAW[kind](source);

// Draw a text that grows: only blocks that differ from before are made anew.
function drawMarkdown(into, text) {
  const before = into.blocks ?? [];
  const now = blocks(text);
  let same = 0;
  while (same < before.length && same < now.length && before[same].kind === now[same].kind && before[same].source === now[same].source) same += 1;
  while (into.childNodes.length > same) into.lastChild.remove();
  into.append(...now.slice(same).map(drawBlock));
  into.blocks = now;
}
