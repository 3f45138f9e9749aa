// What only a person can decide, as a card in the conversation: approvals, questions, forms.

// Chromium says whether an element can really be seen: a page that covers the card, or makes the frame
// transparent, gets no "yes". Half a second in plain view is needed, and counts anew after each cover.
const IN_VIEW = 500;
const eye =
  !isFull && "isVisible" in (window.IntersectionObserverEntry?.prototype ?? {})
    ? new IntersectionObserver((entries) => entries.forEach(look_at), { threshold: [0], trackVisibility: true, delay: 100 })
    : null;

function look_at({ target, isVisible, isIntersecting }) {
  clearTimeout(target.inView);
  target.disabled = true;
  const hint = target.closest(".card")?.querySelector(".covered");
  if (isVisible) {
    target.inView = setTimeout(() => {
      target.disabled = false;
      if (hint) hint.hidden = true;
    }, IN_VIEW);
  } else if (hint && isIntersecting) target.inView = setTimeout(() => (hint.hidden = false), 3 * IN_VIEW);
}

const INPUTS = { email: "email", uri: "url", date: "date", "date-time": "datetime-local" };

class Card {
  constructor(question, turn) {
    Object.assign(this, { question, turn });
    this.title = make("h2", { id: `q-${question.id}` });
    this.about = make("div", { class: "about" });
    this.actions = make("div", { class: "actions" });
    this.problem = make("p", { class: "problem", role: "alert" });
    this.element = make("section", { class: "card", "data-question": question.id, "data-kind": question.kind, "aria-labelledby": this.title.id }, this.title, this.about, this.actions, this.problem);
    this.draw();
  }

  get content() {
    return this.question.content ?? {};
  }

  draw() {
    const draws = { approval: "drawApproval", unknown_outcome: "drawUnknown", elicitation: "drawForm" };
    this.element.prepend(icon("shield"));
    this[draws[this.question.kind] ?? "drawElsewhere"]();
  }

  // What would be called, with what: names and values as they are, never shortened.
  drawCall() {
    const { tool = "", server = "", arguments: given = {} } = this.content;
    this.about.append(make("p", { class: "call" }, make("strong", { text: spoken(tool) }), server ? make("small", { text: ` ${t("from")} ${server}` }) : null));
    this.values = make("div", { class: "values" }, showValues(given));
    this.about.append(this.values);
  }

  drawApproval() {
    const { change, doubt, destructive } = this.content;
    this.title.textContent = t("mayIt");
    this.drawCall();
    if (doubt?.hosts?.length) this.about.append(make("p", { class: "doubt", text: `${t("doubtHosts")} ${doubt.hosts.join(", ")}.` }));
    const isGrave = (destructive || change) && !session.isFull;
    this.about.append(make("p", { class: "note", text: change ? t("changedTool") : isGrave ? t("grave") : t("nothingYet") }));
    if (isGrave) return this.offerFull(button(t("refuse"), () => this.send({ decision: "refuse" })));
    const yes = this.guarded(t("allow"), () => this.approve("once"), "yes");
    const chatToo = this.content.can_remember ? this.guarded(t("allowChat"), () => this.approve("chat")) : null;
    const change_ = button(t("change"), () => this.edit(change_), { class: "link" });
    this.actions.append(...[yes, button(t("refuse"), () => this.send({ decision: "refuse" })), chatToo, change_].filter(Boolean));
    this.about.append(make("p", { class: "covered", hidden: true, text: t("covered") }));
  }

  drawUnknown() {
    this.title.textContent = t("unknown");
    this.drawCall();
    this.about.append(make("p", { class: "note", text: t("unknownWhy") }));
    this.actions.append(
      button(t("happened"), () => this.send({ outcome: "happened" })),
      this.guarded(t("repeat"), () => this.send({ outcome: "repeat" })),
      button(t("skip"), () => this.send({ outcome: "skip" })),
    );
  }

  drawElsewhere() {
    this.title.textContent = this.question.kind === "sign_in" ? t("signInTool") : this.question.kind === "sampling" ? t("asksModel") : t("asks");
    if (this.content.server) this.about.append(make("p", { class: "call" }, make("strong", { text: this.content.server })));
    this.about.append(make("p", { class: "note", text: t("elsewhere") }));
    this.offerFull(button(t("decline"), () => this.send({ decision: "refuse" })));
  }

  drawForm() {
    const { message = "", mode, fields = [], server = "" } = this.content;
    this.title.textContent = t("asks");
    this.about.append(make("p", { text: message }), make("p", { class: "note", text: server }));
    if (mode !== "form") return this.offerFull(button(t("decline"), () => this.send({ action: "decline" })));
    this.fields = fields.map((field) => new Field(field, this.question.id));
    const form = make("form", { novalidate: true, onsubmit: (event) => (event.preventDefault(), this.submit()) }, ...this.fields.map((field) => field.element));
    form.append(make("p", { class: "note", text: t("noPassword") }), make("div", { class: "actions" }, make("button", { class: "yes", text: t("send") }), button(t("decline"), () => this.send({ action: "decline" }))));
    this.about.append(form);
  }

  submit() {
    const content = {};
    let wrong = null;
    for (const field of this.fields) {
      const value = field.read();
      if (value === undefined && field.given.required) wrong ??= field;
      field.complain(value === undefined && field.given.required ? t("needed") : "");
      if (value !== undefined) content[field.given.name] = value;
    }
    if (wrong) wrong.focus();
    else this.send({ action: "accept", content });
  }

  offerFull(other) {
    this.actions.replaceChildren(make("button", { type: "button", class: "yes", onclick: openFull }, icon("full"), t("openFull")), other);
  }

  guarded(text, act, kind = "") {
    const made = button(text, act, { class: kind, disabled: eye !== null });
    eye?.observe(made);
    return made;
  }

  edit(opener) {
    const field = make("textarea", { "aria-label": t("arguments"), spellcheck: "false", rows: 6 });
    field.value = JSON.stringify(this.content.arguments ?? {}, null, 2);
    this.values.replaceChildren(field);
    this.edited = field;
    opener.remove();
    field.focus();
  }

  approve(scope) {
    const body = { decision: "approve", scope };
    if (this.edited) {
      try {
        body.arguments = JSON.parse(this.edited.value);
        if (body.arguments === null || typeof body.arguments !== "object" || Array.isArray(body.arguments)) throw new SyntaxError();
      } catch {
        this.problem.textContent = t("noObject");
        return;
      }
    }
    this.send(body);
  }

  async send(body) {
    if (this.isSending) return;
    this.isSending = true;
    this.problem.textContent = "";
    try {
      await session.api(`/questions/${this.question.id}/answer`, { method: "POST", body });
      this.settle({ ...this.question, answer: body, answered_at: new Date().toISOString() });
      composer.focus();
    } catch (error) {
      const field = this.fields?.find(({ given }) => given.name === error.field);
      if (field) field.complain(error.message);
      else this.problem.textContent = error.message;
      if (error.code === "full_page_needed") this.offerFull(button(t("refuse"), () => this.send({ decision: "refuse" })));
      if (error.status === 409 || error.status === 404) chat.refreshSoon();
    } finally {
      this.isSending = false;
    }
  }

  // Show what was decided, here or elsewhere; nothing can be pressed any more.
  settle(question) {
    const { answer } = question;
    if (this.isSettled || !(question.answered_at || answer || this.turn.isOver)) return;
    this.isSettled = true;
    for (const each of this.element.querySelectorAll("button, input, select, textarea")) {
      clearTimeout(each.inView);
      eye?.unobserve(each);
    }
    if (answer?.arguments) this.values?.replaceChildren(showValues(answer.arguments));
    for (const gone of this.element.querySelectorAll("form, .covered, .about .note")) gone.remove();
    for (const [name, value] of Object.entries(answer?.content ?? {})) this.about.append(make("p", { text: `${name}: ${value}` }));
    const isNo = answer?.decision === "refuse" || answer?.action === "decline" || answer?.action === "cancel";
    const word = answer?.expired ? t("expired") : isNo ? t("refused") : answer?.decision ? t("allowed") : answer?.action ? t("answered") : t("settled");
    this.element.dataset.settled = isNo || answer?.expired ? "no" : "yes";
    this.actions.replaceChildren(icon(isNo ? "close" : "check"), make("span", { text: word }));
  }
}

// Values of a call: a list where they are short, JSON where they are not.
function showValues(given) {
  const entries = Object.entries(given ?? {});
  const isFlat = entries.every(([, value]) => value === null || typeof value !== "object");
  if (!entries.length) return "";
  if (!isFlat) return make("pre", { tabindex: 0, text: JSON.stringify(given, null, 2) });
  return make("dl", {}, ...entries.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: typeof value === "boolean" ? t(value ? "yes" : "no") : String(value) })]));
}

// One field of a form that a tool's server asks to be filled in.
class Field {
  constructor(given, question) {
    this.given = given;
    const id = `f-${question}-${given.name}`;
    const label = given.title + (given.required || given.type === "boolean" ? "" : ` (${t("optional")})`);
    this.wrong = make("p", { class: "problem", id: `${id}-wrong`, role: "alert" });
    const about = given.description ? make("small", { id: `${id}-about`, text: given.description }) : null;
    const common = { id, "aria-describedby": [about?.id, this.wrong.id].filter(Boolean).join(" "), "aria-required": String(Boolean(given.required)) };
    this.control = this.make(common);
    if (given.type === "choices") this.control.setAttribute("aria-label", label);
    const name = given.type === "choices" ? make("span", { text: label }) : make("label", { for: id, text: label });
    this.element = make("div", { class: `field ${given.type}` }, name, this.control, about, this.wrong);
  }

  make(common) {
    const { type, format, choices = [], default: begin } = this.given;
    if (type === "boolean") return make("input", { ...common, type: "checkbox", checked: Boolean(begin) });
    if (type === "choices") return make("div", { ...common, role: "group" }, ...choices.map(({ value, title }) => make("label", {}, make("input", { type: "checkbox", value, checked: begin?.includes(value) }), ` ${title}`)));
    if (type === "choice") return make("select", common, make("option", { value: "", text: "–" }), ...choices.map(({ value, title }) => make("option", { value, text: title, selected: value === begin })));
    const isNumber = type === "number" || type === "integer";
    return make("input", { ...common, type: INPUTS[format] ?? "text", inputmode: isNumber ? "decimal" : null, value: begin ?? "", autocomplete: "off" });
  }

  read() {
    const { type, format } = this.given;
    if (type === "boolean") return this.control.checked;
    if (type === "choices") {
      const chosen = [...this.control.querySelectorAll(":checked")].map(({ value }) => value);
      return chosen.length ? chosen : undefined;
    }
    const text = this.control.value.trim();
    if (!text) return undefined;
    if (type === "number" || type === "integer") return Number(text.replace(",", "."));
    return format === "date-time" ? new Date(text).toISOString() : text;
  }

  complain(sentence) {
    this.wrong.textContent = sentence;
    this.control.setAttribute("aria-invalid", String(Boolean(sentence)));
  }

  focus() {
    (this.control.querySelector("input") ?? this.control).focus();
  }
}
