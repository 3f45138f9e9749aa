// One task in the list.

import { duration, html, isPanel, nothing, t, when } from "./kit.js";
import { PRIORITIES, isOpen, label, nameOf, priorityOf, stateOf, tokensOf, verbsOf } from "./task-words.js";

const target = isPanel ? "_top" : nothing;
const numbers = new Intl.NumberFormat(document.documentElement.lang);

const seconds = (from, to) => (new Date(to) - new Date(from)) / 1000;

function times(task) {
  if (task.started_at && task.completed_at) {
    const took = duration(seconds(task.started_at, task.completed_at));
    return html`<span>${when(task.completed_at)}</span><span>${t(`took ${took}`, `dauerte ${took}`)}</span>`;
  }
  if (task.completed_at) return html`<span>${when(task.completed_at)}</span>`;
  if (task.started_at) return html`<span class="elapsed">${duration(seconds(task.started_at, Date.now()))}</span>`;
  return html`<span>${t(`since ${when(task.created_at)}`, `seit ${when(task.created_at)}`)}</span>`;
}

function facts(task, choose) {
  const tokens = tokensOf(task);
  return html`<p class="facts small">
    ${times(task)}
    ${tokens ? html`<span>${numbers.format(tokens)} ${t("tokens", "Token")}</span>` : nothing}
    ${task.priority !== "normal" ? html`<span>${t("Priority", "Vorrang")}: ${priorityOf(task)}</span>` : nothing}
    ${task.retries ? html`<span>${t(`try ${task.retries + 1} of ${task.max_retries + 1}`, `Versuch ${task.retries + 1} von ${task.max_retries + 1}`)}</span>` : nothing}
    ${task.schedule_id ? html`<a href="/work/schedules" target=${target}>${t("from a schedule", "aus einem Zeitplan")}</a>` : nothing}
    ${(task.tags ?? []).map((tag) => html`<button type="button" class="tag" @click=${() => choose(tag)}>#${tag}</button>`)}
  </p>`;
}

function progress(task) {
  if (task.status !== "running") return nothing;
  const name = t(`Progress of “${nameOf(task)}”`, `Fortschritt von „${nameOf(task)}“`);
  const bar =
    task.progress === null || task.progress === undefined
      ? html`<progress class="progress" aria-label=${name}></progress>`
      : html`<progress class="progress" max="100" .value=${task.progress} aria-label=${name}></progress>`;
  const percent = typeof task.progress === "number" ? html`<span class="percent">${task.progress}\u202f%</span>` : nothing;
  return html`<div class="under-way">${bar}${percent}</div>
    ${task.step ? html`<p class="step small">${task.step}</p>` : nothing}`;
}

function button(task, verb, act, style) {
  const about = `${label(verb)}: ${nameOf(task)}`;
  if (verb === "open" || verb === "answer") {
    return html`<a class=${style} href="/thread/${task.thread_id}" target=${target} aria-label=${about}>${label(verb)}</a>`;
  }
  if (verb === "download") {
    return html`<a class=${style} href="/api/v1/tasks/${task.id}/result?download=true" download aria-label=${about}>${label(verb)}</a>`;
  }
  return html`<button class=${style} type="button" data-verb=${verb} aria-label=${about} @click=${() => act(task, verb)}>${label(verb)}</button>`;
}

const STYLES = { stop: "button small danger", answer: "button small primary", resume: "button small primary" };

// A menu of further things to do with what is called `name`.
export const menu = (name, items) => html`<details class="menu" @keydown=${closeOnEscape} @focusout=${closeWhenLeft}>
  <summary class="button plain small" aria-label=${t(`More for “${name}”`, `Mehr zu „${name}“`)}>
    <svg viewBox="0 0 16 16" width="16" height="16" fill="currentColor" aria-hidden="true"><circle cx="3" cy="8" r="1.4" /><circle cx="8" cy="8" r="1.4" /><circle cx="13" cy="8" r="1.4" /></svg>
  </summary>
  <div class="items card">${items}</div>
</details>`;

function further(task, verbs, { act, rank }) {
  if (!verbs.length && !isOpen(task)) return nothing;
  return menu(
    nameOf(task),
    html`${verbs.map((verb) => button(task, verb, act, "item"))}
    ${isOpen(task)
      ? html`<label class="item">
          ${t("Priority", "Vorrang")}
          <select class="input" @change=${(event) => rank(task, event.target.value)}>
            ${PRIORITIES.map(([name, text]) => html`<option value=${name} ?selected=${name === task.priority}>${text}</option>`)}
          </select>
        </label>`
      : nothing}`,
  );
}

function closeOnEscape(event) {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary").focus();
}

function closeWhenLeft({ currentTarget, relatedTarget }) {
  if (relatedTarget && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
}

// `actions`: act(task, verb), rank(task, priority), choose(tag).
export function row(task, actions) {
  const state = stateOf(task);
  const { first, more } = verbsOf(task);
  const title = task.thread_id
    ? html`<a class="name" href="/thread/${task.thread_id}" target=${target}>${nameOf(task)}</a>`
    : html`<span class="name">${nameOf(task)}</span>`;
  return html`<li class="card task" tabindex="-1" data-task=${task.id} data-status=${task.status}>
    <div class="what">
      <h2>${title}</h2>
      <span class="badge ${state.kind}">${state.text}</span>
      ${isOpen(task) && !task.in_background ? html`<span class="badge">${t("In a conversation", "Im Gespräch")}</span>` : nothing}
    </div>
    ${progress(task)}
    ${task.error ? html`<p class="wrong small">${task.error}</p>` : nothing}
    <div class="foot">
      ${facts(task, actions.choose)}
      <div class="actions">
        ${first.map((verb) => button(task, verb, actions.act, STYLES[verb] ?? "button small"))} ${further(task, more, actions)}
      </div>
    </div>
  </li>`;
}
