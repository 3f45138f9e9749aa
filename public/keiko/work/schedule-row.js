// One schedule in the list: what it asks, when, how it stands, and its runs.

import { html, isPanel, nothing, t, when, zone } from "./kit.js";
import { menu } from "./task-row.js";
import { stateOf } from "./task-words.js";

const target = isPanel ? "_top" : nothing;
const WENT_WRONG = ["failed", "timeout"];

// How a schedule stands: active, paused or ended.
export const standing = ({ ended_at, paused_at }) => (ended_at ? "ended" : paused_at ? "paused" : "active");

const BADGES = {
  active: { kind: "good", text: t("Active", "Aktiv") },
  paused: { kind: "warn", text: t("Paused", "Angehalten") },
  ended: { kind: "", text: t("Ended", "Beendet") },
};

export const placeOf = (name) => name.replaceAll("_", " ");

const isOtherPlace = ({ time_zone }) => time_zone !== zone;

function facts(schedule) {
  const { next_at, last_run, last_at } = schedule;
  return html`<dl class="facts small">
    ${next_at ? html`<div><dt>${t("Next run", "Nächster Lauf")}</dt><dd class="next">${when(next_at)}</dd></div>` : nothing}
    <div>
      <dt>${t("Last run", "Letzter Lauf")}</dt>
      ${last_run
        ? html`<dd class="last ${WENT_WRONG.includes(last_run.status) ? "bad" : ""}">${when(last_run.completed_at ?? last_run.created_at)} · ${stateOf(last_run).text}</dd>`
        : html`<dd class="last">${last_at ? when(last_at) : t("none yet", "noch keiner")}</dd>`}
    </div>
  </dl>`;
}

const aRun = (run) => {
  const { kind, text } = stateOf(run);
  const moment = when(run.created_at);
  return html`<li>
    ${run.thread_id ? html`<a href="/thread/${run.thread_id}" target=${target}>${moment}</a>` : html`<span>${moment}</span>`}
    <span class="badge ${kind}">${text}</span>
  </li>`;
};

function history(schedule, runs) {
  if (!runs) return nothing;
  const { items, cursor, problem } = runs;
  if (problem) return html`<p class="problem runs-empty" role="alert">${problem.message}</p>`;
  if (!items) return html`<p class="small runs-empty" role="status">${t("One moment …", "Einen Moment …")}</p>`;
  if (!items.length) return html`<p class="small runs-empty">${t("It has not run yet.", "Er ist noch nicht gelaufen.")}</p>`;
  return html`<ul class="runs" id="runs-${schedule.id}">${items.map(aRun)}</ul>
    ${cursor ? html`<p class="small">${t("These are its latest runs; all are in its conversation.", "Das sind die neuesten Läufe; alle stehen im Gespräch.")}</p>` : nothing}`;
}

// `actions`: act(schedule, verb), edit(schedule), remove(schedule), look(schedule).
export function row(schedule, runs, { act, edit, remove, look }) {
  const { id, name, text, words, thread_id } = schedule;
  const state = standing(schedule);
  const about = (label) => `${label}: ${name}`;
  const button = (label, press, style = "button small") =>
    html`<button class=${style} type="button" aria-label=${about(label)} @click=${press}>${label}</button>`;
  const conversation = t("Open conversation", "Gespräch öffnen");
  return html`<li class="card schedule" tabindex="-1" data-schedule=${id} data-state=${state}>
    <div class="what">
      <h2 class="name">${name}</h2>
      <span class="badge ${BADGES[state].kind}">${BADGES[state].text}</span>
    </div>
    <p class="rule">${words}${isOtherPlace(schedule) ? html` <span class="quiet">(${placeOf(schedule.time_zone)})</span>` : nothing}</p>
    ${text.trim() !== name ? html`<p class="asks">${text}</p>` : nothing}
    ${facts(schedule)}
    <div class="actions">
      <button class="button plain small" type="button" aria-expanded=${Boolean(runs)} aria-label=${about(t("Runs", "Läufe"))} @click=${() => look(schedule)}>
        ${t("Runs", "Läufe")} ${schedule.runs || nothing}
      </button>
      ${button(t("Run now", "Jetzt starten"), () => act(schedule, "run"))}
      ${state === "active" ? button(t("Pause", "Anhalten"), () => act(schedule, "pause")) : nothing}
      ${state === "paused" ? button(t("Resume", "Fortsetzen"), () => act(schedule, "resume"), "button small primary") : nothing}
      ${menu(
        name,
        html`${button(t("Edit", "Bearbeiten"), () => edit(schedule), "item")}
        ${thread_id ? html`<a class="item" href="/thread/${thread_id}" target=${target} aria-label=${about(conversation)}>${conversation}</a>` : nothing}
        ${button(t("Remove", "Entfernen"), () => remove(schedule), "item")}`,
      )}
    </div>
    ${history(schedule, runs)}
  </li>`;
}
