// One turn as it is shown: what was asked with what tools were used, what they brought, and the answer.

const OVER = new Set(["completed", "failed", "cancelled", "timeout"]);
const LOCALE = () => (isGerman ? "de" : "en");
const size = (bytes) => {
  const [unit, n] = bytes < 1e6 ? ["kilobyte", bytes / 1e3] : ["megabyte", bytes / 1e6];
  return new Intl.NumberFormat(LOCALE(), { style: "unit", unit, maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
};
const pretty = (text) => {
  try {
    const value = typeof text === "string" ? JSON.parse(text) : text;
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
};
// A tool's name as a person would say it: traces/append_line is "Append line".
const spoken = (name) => {
  const words = name.replace(/^.*\//, "").replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

class Turn {
  constructor(id, messageId) {
    Object.assign(this, { id, messageId, status: "queued", text: "", tools: new Map(), cards: new Map(), isStreaming: false });
    this.steps = make("div", { class: "steps" });
    this.asked = make("div", { class: "asked" });
    this.body = make("div", { class: "body" });
    this.foot = make("div", { class: "foot" });
    this.element = make("article", { class: "turn", "data-task": id, "aria-label": t("answer") }, this.steps, this.asked, this.body, this.foot);
  }

  get isOver() {
    return OVER.has(this.status);
  }

  setStatus(status, error = "", inBackground = false) {
    Object.assign(this, { status, error, inBackground });
    this.element.setAttribute("aria-busy", String(this.isStreaming && !this.isOver && status !== "waiting"));
    this.element.dataset.status = inBackground && !this.isOver ? "background" : status;
    this.drawFoot();
  }

  setText(text) {
    if (text === this.text) return;
    this.text = text;
    this.drawSoon();
  }

  drawSoon() {
    if (document.hidden) return this.drawText(); // there are no frames in a hidden page
    this.drawing ??= requestAnimationFrame(() => this.drawText());
  }

  drawText() {
    this.drawing = null;
    log.stay(() => drawMarkdown(this.body, this.text));
    this.drawFoot();
  }

  clear() {
    this.steps.replaceChildren();
    this.tools.clear();
    this.text = "";
    this.body.replaceChildren();
    this.body.blocks = [];
  }

  // A tool call as rows or events have it; only what is given changes.
  setTool(tool) {
    const known = this.tools.get(tool.id) ?? this.addTool(tool);
    Object.assign(known, Object.fromEntries(Object.entries(tool).filter(([, value]) => value !== undefined)));
    log.stay(() => this.drawTool(known));
  }

  addTool(tool) {
    const row = make("details", { class: "tool" });
    const added = { ...tool, row, summary: make("summary"), inside: make("div", { class: "inside" }), shelf: make("div", { class: "files" }) };
    row.append(added.summary, added.inside);
    this.steps.append(make("div", { class: "step" }, row, added.shelf));
    this.tools.set(tool.id, added);
    return added;
  }

  drawTool(tool) {
    const state = !tool.finished ? (this.isOver ? "failed" : "runs") : tool.failed ? "failed" : "done";
    const word = { runs: t("toolRuns"), done: t("toolDone"), failed: t("toolFailed") }[state];
    const said = state === "runs" && tool.progress ? tool.progress : "";
    tool.row.dataset.state = state;
    const sign = state === "runs" ? make("i", { class: "spinner", "aria-hidden": "true" }) : icon(state === "done" ? "check" : "failed");
    const bar = state === "runs" && tool.percent != null ? make("progress", { max: 100, value: tool.percent, "aria-label": spoken(tool.name) }) : null;
    tool.summary.replaceChildren(
      sign,
      make("span", { class: "what" }, make("span", { text: spoken(tool.name) }), make("small", { text: said, class: "said" })),
      make("span", { class: "hidden", text: `, ${word}` }),
      ...(bar ? [bar] : []),
    );
    const part = (title, text) => (text ? [make("strong", { text: title }), make("pre", { tabindex: 0, text })] : []);
    const given = tool.arguments && tool.arguments !== "{}" ? pretty(tool.arguments) : "";
    tool.inside.replaceChildren(...part(t("toolGiven"), given), ...part(t("toolSaid"), tool.finished ? pretty(tool.output ?? "") : ""));
    if (tool.files?.length && !tool.shelf.childElementCount) tool.shelf.append(...tool.files.map(drawFile));
  }

  setQuestion(question) {
    let card = this.cards.get(question.id);
    if (!card) {
      card = new Card(question, this);
      this.cards.set(question.id, card);
      log.stay(() => this.asked.append(card.element));
    }
    card.settle(question);
    return card;
  }

  // Drawn anew only when it says something else: a button under somebody's finger stays where it is.
  drawFoot() {
    const rest = this.text || this.steps.childElementCount || this.asked.childElementCount;
    const now = JSON.stringify([this.status, this.error, this.inBackground, this.waits, Boolean(this.text), Boolean(rest), this.value, isGerman]);
    if (now === this.footSays) return;
    this.footSays = now;
    const parts = [];
    if (this.isOver) parts.push(...this.drawEnd());
    else if (this.inBackground) parts.push(make("span", { text: t("inBackground") }), button(t("toFront"), () => chat.act(`/tasks/${this.id}/foreground`), { class: "link" }));
    else if (this.status === "retrying") parts.push(make("span", { text: t("retrying") }));
    else if (this.status === "waiting") parts.push();
    else if (this.waits) parts.push(make("span", { text: t("waits") }));
    else if (!rest || !this.text) parts.push(make("span", { class: "dots", role: "img", "aria-label": t("thinking") }, make("i"), make("i"), make("i")));
    this.foot.replaceChildren(...parts);
  }

  drawEnd() {
    if (this.status === "completed") return this.text ? this.drawThumbs() : [];
    const sentence = this.status === "cancelled" ? t("stopped") : this.error || t("wrong");
    const again = button(t("answerAgain"), () => chat.act(`/tasks/${this.id}/retry`), { class: "link" });
    return [make("span", { class: this.status === "cancelled" ? "note" : "problem", text: sentence }), again];
  }

  drawThumbs() {
    const thumb = (value, name) =>
      iconButton(name, t(name), () => this.judge(this.value === value ? null : value), { "aria-pressed": String(this.value === value), class: "quiet thumb" });
    const copy = iconButton("copy", t("copy"), () =>
      navigator.clipboard.writeText(this.text).then(() => frame.notice(t("copied"), { brief: true }), () => frame.notice(t("failed"))),
    );
    return [copy, thumb(1, "good"), thumb(0, "bad")];
  }

  async judge(value) {
    const before = this.value ?? null;
    const path = `/tasks/${this.id}/feedback`;
    try {
      if (value === null) await session.api(path, { method: "DELETE" });
      else await session.api(path, { method: "PUT", body: { value } });
      this.value = value;
      const had = document.activeElement?.getAttribute("aria-label");
      this.drawFoot();
      [...this.foot.querySelectorAll("button")].find((each) => had && each.getAttribute("aria-label") === had)?.focus();
      if (value !== null) frame.notice(t("thanks"), { action: t("undo"), act: () => this.judge(before) });
    } catch (error) {
      frame.notice(error.message);
    }
  }
}

// A file that a tool brought: fetched with the visitor's session, for an address alone would open nothing.
function drawFile(file) {
  const isPicture = /^image\/(png|jpeg|gif|webp)$/.test(file.kind);
  const fetchIt = async () => {
    const response = await session.request(`/files/${file.id}`);
    if (!response.ok) throw new Refused(response.status);
    return URL.createObjectURL(await response.blob());
  };
  const save = async () => {
    try {
      const address = await fetchIt();
      make("a", { href: address, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      frame.notice(error.message);
    }
  };
  const row = make("button", { type: "button", class: "file", onclick: save, "aria-label": `${t("download")}: ${file.name}, ${size(file.size)}` }, icon("file"), make("span", { text: file.name }), make("small", { text: size(file.size) }));
  if (!isPicture) return row;
  const box = make("figure", { class: "picture" }, row);
  fetchIt().then((src) => {
    const picture = make("img", { src, alt: file.name });
    picture.addEventListener("load", () => log.stay(() => box.prepend(picture)));
  }, () => null);
  return box;
}
