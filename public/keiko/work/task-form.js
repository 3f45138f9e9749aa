// The form for a new task. What is written in it stays there until it is sent.

import { api, html, nothing, render, t } from "./kit.js";
import { PRIORITIES } from "./task-words.js";

let dialog = null;
let models = [];
let problem = null;
let isSending = false;
let done = () => {};

const field = (name, label, control, hint) => html`<div class="field">
  <label for="task-${name}">${label}</label>
  ${control}
  ${hint ? html`<small id="task-${name}-hint">${hint}</small>` : nothing}
</div>`;

const wrong = (name) => (problem?.field === name ? "true" : nothing);

const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${t("New task", "Neue Aufgabe")}</h2>
  ${field(
    "text",
    t("What is to be done", "Was zu tun ist"),
    html`<textarea id="task-text" name="text" required maxlength="100000" aria-invalid=${wrong("text")} autofocus
      placeholder=${t("Write it as you would say it in a conversation.", "Schreib es, wie du es im Gespräch sagen würdest.")}></textarea>`,
  )}
  <div class="row">
    ${field("name", t("Name (optional)", "Name (freiwillig)"), html`<input id="task-name" name="name" maxlength="255" autocomplete="off" aria-invalid=${wrong("name")} />`)}
    ${field(
      "priority",
      t("Priority", "Vorrang"),
      html`<select id="task-priority" name="priority" aria-invalid=${wrong("priority")}>
        ${PRIORITIES.map(([value, text]) => html`<option value=${value} ?selected=${value === "normal"}>${text}</option>`)}
      </select>`,
    )}
  </div>
  <div class="row">
    ${field("not_before", t("Not before (optional)", "Nicht vor (freiwillig)"), html`<input id="task-not_before" name="not_before" type="datetime-local" aria-invalid=${wrong("not_before")} />`)}
    ${field("tags", t("Tags, with commas (optional)", "Schlagwörter, mit Kommas (freiwillig)"), html`<input id="task-tags" name="tags" autocomplete="off" aria-invalid=${wrong("tags")} />`)}
  </div>
  ${models.length > 1
    ? field(
        "model",
        t("Model", "Modell"),
        html`<select id="task-model" name="model" aria-invalid=${wrong("model")}>
          ${models.map(({ name, is_default }) => html`<option value=${name} ?selected=${is_default}>${name}</option>`)}
        </select>`,
      )
    : nothing}
  <p class="problem" role="alert" ?hidden=${!problem}>${problem?.message}</p>
  <div class="actions">
    <button class="button primary" type="submit" aria-disabled=${isSending}>${t("Start task", "Aufgabe starten")}</button>
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

const draw = () => render(form(), dialog);

function read(sent) {
  const { text, name, priority, not_before, tags, model } = Object.fromEntries(new FormData(sent));
  return {
    text,
    priority,
    ...(name.trim() && { name: name.trim() }),
    ...(not_before && { not_before: new Date(not_before).toISOString() }),
    ...(model && { model }),
    tags: tags.split(",").map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean),
  };
}

async function send(event) {
  event.preventDefault();
  if (isSending) return;
  const sent = event.target;
  const body = read(sent);
  problem = body.text.trim() ? null : { field: "text", message: t("Say what is to be done.", "Sag, was zu tun ist.") };
  if (!problem) {
    isSending = true;
    draw();
    try {
      const task = await api("/tasks", { method: "POST", body });
      sent.reset();
      dialog.close();
      done(task);
    } catch (error) {
      problem = error;
    }
    isSending = false;
  }
  draw();
  if (problem) (sent.elements[problem.field] ?? sent.elements.text).focus();
}

// Show the form; `then(task)` is told what was made.
export async function ask(then) {
  done = then;
  if (!dialog) {
    dialog = Object.assign(document.createElement("dialog"), { className: "card dialog" });
    dialog.setAttribute("aria-label", t("New task", "Neue Aufgabe"));
    document.body.append(dialog);
  }
  draw();
  if (!dialog.open) dialog.showModal();
  models = await api("/models").then((found) => found.items ?? found, () => []);
  draw();
}

export function leave() {
  dialog?.remove();
  dialog = null;
}
