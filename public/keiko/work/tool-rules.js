// What tools may do without a question, with one, or not at all: a part of the page "Tools".

import { api, html, live, nothing, t, toast } from "./kit.js";

const DECISIONS = [
  ["ask", t("ask each time", "jedes Mal fragen")],
  ["deny", t("never", "nie")],
  ["allow", t("without asking", "ohne Frage")],
];
const SAID = Object.fromEntries(DECISIONS);

export function rules(draw) {
  let items = null;
  let pattern = "";
  let decision = "ask";
  let problem = null;

  const load = async () => {
    try {
      items = await api("/mcp/rules");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const add = async (event) => {
    event.preventDefault();
    try {
      await api("/mcp/rules", { method: "POST", body: { pattern, decision } });
      pattern = "";
      problem = null;
    } catch (error) {
      problem = error;
    }
    await load();
  };
  const remove = async ({ id }) => {
    try {
      await api(`/mcp/rules/${id}`, { method: "DELETE" });
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };

  const row = (rule) => html`<li>
    <code>${rule.pattern}</code>
    <span>${SAID[rule.decision]}${rule.thread_id ? html`, <a href="/thread/${rule.thread_id}">${t("in one conversation", "in einem Gespräch")}</a>` : nothing}</span>
    ${rule.is_approval ? html`<span class="badge">${t("by an answer of yours", "durch deine Antwort")}</span>` : nothing}
    <button class="button small plain" type="button" aria-label=${`${t("Remove", "Entfernen")}: ${rule.pattern}`} @click=${() => remove(rule)}>${t("Remove", "Entfernen")}</button>
  </li>`;
  const view = () => html`<section class="rules" aria-labelledby="rules-title">
    <h2 id="rules-title">${t("What tools may do", "Was Werkzeuge dürfen")}</h2>
    <p class="small">
      ${t("Tools that only read are used without a question, others after one. Of your rules that fit a tool, the strictest wins.", "Werkzeuge, die nur lesen, werden ohne Frage benutzt, andere nach einer. Von deinen Regeln, die auf ein Werkzeug passen, gilt die strengste.")}
    </p>
    ${items?.length ? html`<ul>${items.map(row)}</ul>` : nothing}
    <form class="form" @submit=${add} novalidate>
      <div class="row">
        <div class="field">
          <label for="rule-pattern">${t("Server/tool, * for any", "Server/Werkzeug, * für alle")}</label>
          <input id="rule-pattern" autocomplete="off" maxlength="200" placeholder="git/*" aria-invalid=${problem ? "true" : nothing} .value=${live(pattern)} @input=${({ target }) => (pattern = target.value)} />
        </div>
        <div class="field">
          <label for="rule-decision">${t("May be used", "Darf benutzt werden")}</label>
          <select id="rule-decision" @change=${({ target }) => (decision = target.value)}>
            ${DECISIONS.map(([value, text]) => html`<option value=${value} .selected=${live(value === decision)}>${text}</option>`)}
          </select>
        </div>
      </div>
      ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
      <div class="actions"><button class="button" type="submit">${t("Add rule", "Regel anlegen")}</button></div>
    </form>
  </section>`;

  return { load, view };
}
