// The form for a schedule, new or to be changed. A time is shown as it is understood while it is
// written. What is written for a new one stays there until it is sent.

import { api, html, live, nothing, render, t, when, zone } from "./kit.js";
import { placeOf } from "./schedule-row.js";

const PAUSE = 350; // ms without a key before a time is looked at
const EMPTY = { text: "", name: "", when: "", time_zone: zone, missed: "once", overlap: "skip", model: "" };
const ZONES = Intl.supportedValuesOf?.("timeZone") ?? [];
const MISSED = [
  ["once", t("Make up for it once", "Einmal nachholen")],
  ["all", t("Make up for every run", "Jeden Lauf nachholen")],
  ["skip", t("Leave it out", "Auslassen")],
];
const OVERLAP = [
  ["skip", t("Leave the new run out", "Den neuen Lauf auslassen")],
  ["queue", t("Let the new run wait", "Den neuen Lauf warten lassen")],
];
const EXPLAINED = {
  once: t("If Keiko was off when runs were due, one runs as soon as it is back.", "War Keiko aus, als Läufe fällig waren, läuft einer davon, sobald es zurück ist."),
  all: t("If Keiko was off when runs were due, all of them run one after the other as soon as it is back.", "War Keiko aus, als Läufe fällig waren, laufen alle nacheinander, sobald es zurück ist."),
  skip: t("What was due while Keiko was off does not run; you are told.", "Was fällig war, als Keiko aus war, läuft nicht; du erfährst davon."),
};
const OVERLAP_EXPLAINED = {
  skip: t("A run does not begin while the one before is still at work.", "Ein Lauf beginnt nicht, solange der vorige noch arbeitet."),
  queue: t("A run begins once the one before has ended.", "Ein Lauf beginnt, sobald der vorige zu Ende ist."),
};

let dialog = null;
let old = null; // the schedule to be changed; null for a new one
let draft = { ...EMPTY };
let values = draft;
let models = [];
let problem = null;
let preview = null;
let isSending = false;
let turn = 0;
let timer = 0;
let done = () => {};

const complaint = (name) => (problem?.field === name ? html`<p class="problem" id="problem-${name}" role="alert">${problem.message}</p>` : nothing);
const wrong = (name) => (problem?.field === name ? "true" : nothing);
const described = (name, hint) => [hint && `schedule-${name}-hint`, problem?.field === name && `problem-${name}`].filter(Boolean).join(" ") || nothing;

const field = (name, label, control, hint) => html`<div class="field">
  <label for="schedule-${name}">${label}</label>
  ${control} ${complaint(name)}
  ${hint ? html`<small id="schedule-${name}-hint">${hint}</small>` : nothing}
</div>`;
const input = (name, hint, more = {}) => html`<input id="schedule-${name}" name=${name} autocomplete="off" maxlength=${more.longest ?? 255} list=${more.list ?? nothing}
  placeholder=${more.placeholder ?? nothing} aria-invalid=${wrong(name)} aria-describedby=${described(name, hint)} .value=${live(values[name])} @input=${({ target }) => set(name, target.value)} />`;
const select = (name, options, hint) => html`<select id="schedule-${name}" name=${name} aria-invalid=${wrong(name)} aria-describedby=${described(name, hint)} @change=${({ target }) => set(name, target.value)}>
  ${options.map(([value, text]) => html`<option value=${value} .selected=${live(value === values[name])}>${text}</option>`)}
</select>`;

function modelField() {
  const names = models.map(({ name }) => name);
  if (names.length < 2 && !values.model) return nothing;
  const usual = models.find(({ is_default }) => is_default)?.name;
  const all = values.model && !names.includes(values.model) ? [...names, values.model] : names;
  const standard = usual ? t(`The usual one (${usual})`, `Das übliche (${usual})`) : t("The usual one", "Das übliche");
  return field("model", t("Model", "Modell"), select("model", [["", standard], ...all.map((name) => [name, name])]));
}

function understood() {
  if (!preview) return html`<p class="small">${t("Here you see how your time is understood.", "Hier siehst du, wie deine Zeit verstanden wird.")}</p>`;
  const elsewhere = preview.time_zone !== zone ? html`<p class="small">${t(`The runs in your time (${placeOf(zone)}):`, `Die Läufe in deiner Zeit (${placeOf(zone)}):`)}</p>` : nothing;
  return html`<p class="words">${preview.words}</p>
    ${elsewhere}
    ${preview.runs.length
      ? html`<ol aria-label=${t("Next runs", "Nächste Läufe")}>${preview.runs.map((run) => html`<li><time datetime=${run}>${when(run)}</time></li>`)}</ol>`
      : html`<p class="small">${t("No run is to come.", "Es steht kein Lauf mehr bevor.")}</p>`}`;
}

const WHEN_HINT = t("In words, as five cron fields, or as an RRULE.", "In Worten, als fünf Cron-Felder oder als RRULE.");
const title = () => (old ? t("Edit schedule", "Zeitplan bearbeiten") : t("New schedule", "Neuer Zeitplan"));
const hasPlace = ({ field }) => Boolean(dialog?.querySelector(`[name="${field}"]`));

const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${title()}</h2>
  ${field(
    "text",
    t("What Keiko is asked", "Was Keiko gefragt wird"),
    html`<textarea id="schedule-text" name="text" maxlength="100000" aria-invalid=${wrong("text")} aria-describedby=${described("text")} autofocus
      placeholder=${t("Write it as you would say it in a conversation.", "Schreib es, wie du es im Gespräch sagen würdest.")} .value=${live(values.text)} @input=${({ target }) => set("text", target.value)}></textarea>`,
  )}
  <div class="field">
    ${field("when", t("When", "Wann"), input("when", WHEN_HINT, { longest: 500, placeholder: t("every weekday at 8", "jeden Werktag um 8") }), WHEN_HINT)}
    <div class="preview ${timer ? "is-old" : ""}" role="status" ?hidden=${problem?.field === "when"}>${understood()}</div>
  </div>
  <div class="row">
    ${field("name", t("Name (optional)", "Name (freiwillig)"), input("name"))}
    ${field("time_zone", t("Time zone", "Zeitzone"), input("time_zone", "", { longest: 64, list: "schedule-zones" }))}
    <datalist id="schedule-zones">${ZONES.map((name) => html`<option value=${name}></option>`)}</datalist>
  </div>
  <div class="row">
    ${field("missed", t("If a run is missed", "Wenn ein Lauf verpasst wird"), select("missed", MISSED, EXPLAINED[values.missed]), EXPLAINED[values.missed])}
    ${field("overlap", t("If the last run is still at work", "Wenn der letzte Lauf noch arbeitet"), select("overlap", OVERLAP, OVERLAP_EXPLAINED[values.overlap]), OVERLAP_EXPLAINED[values.overlap])}
  </div>
  ${modelField()}
  ${problem && !hasPlace(problem) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  <div class="actions">
    <button class="button primary" type="submit" aria-disabled=${isSending}>${old ? t("Save", "Speichern") : t("Create schedule", "Zeitplan anlegen")}</button>
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

const draw = () => dialog && render(form(), dialog);

function set(name, value) {
  values[name] = value;
  if (problem?.field === name && name !== "when") problem = null;
  if (name === "when" || name === "time_zone") lookSoon();
  draw();
}

// The time

const isTimeKept = () => old && values.when === old.words && values.time_zone === old.time_zone;
const isToCome = (moment) => moment && new Date(moment) > new Date();

function lookSoon() {
  clearTimeout(timer);
  turn++;
  timer = setTimeout(look, PAUSE);
}

async function look() {
  const mine = ++turn;
  const found = await understand().catch((error) => ({ error }));
  if (mine !== turn) return;
  timer = 0;
  if (["when", "time_zone"].includes(problem?.field)) problem = null;
  if (found?.error) {
    problem ??= found.error;
    preview = null;
  } else preview = found;
  draw();
}

async function understand() {
  if (!values.when.trim()) return null;
  if (isTimeKept() && old.kind !== "cron") return { ...old, runs: old.next_at ? [old.next_at] : [] };
  const body = { when: values.when, time_zone: values.time_zone.trim() || zone, ...(isToCome(old?.ends_at) && { ends_at: old.ends_at }) };
  return api("/schedules/preview", { method: "POST", body });
}

// What is sent

function missing() {
  if (!values.text.trim()) return { field: "text", message: t("Say what Keiko is to be asked.", "Sag, was Keiko gefragt werden soll.") };
  if (!values.when.trim()) return { field: "when", message: t("Say when, for example: every weekday at 8.", "Sag, wann, zum Beispiel: jeden Werktag um 8.") };
  return null;
}

function read() {
  const { text, when: time, missed, overlap, model } = values;
  const name = values.name.trim();
  const time_zone = values.time_zone.trim() || zone;
  const common = { text, missed, overlap, model: model || null, ...(name && { name }) };
  if (!old) return { ...common, when: time, time_zone };
  return { ...common, ...(time !== old.words && { when: time }), ...(time_zone !== old.time_zone && { time_zone }) };
}

async function send(event) {
  event.preventDefault();
  if (isSending) return;
  clearTimeout(timer);
  timer = 0;
  turn++;
  problem = missing();
  if (!problem) {
    isSending = true;
    draw();
    try {
      const sent = old
        ? await api(`/schedules/${old.id}`, { method: "PATCH", body: read() })
        : await api("/schedules", { method: "POST", body: read() });
      if (!old) draft = { ...EMPTY };
      isSending = false;
      dialog?.close();
      done(sent);
      return;
    } catch (error) {
      problem = error;
    }
    isSending = false;
  }
  draw();
  dialog?.querySelector(`[name="${problem.field}"]`)?.focus();
}

// Show the form, for a new schedule or for one that is to be changed; `then(schedule)` is told
// what came of it. `given` is written into a new one.
export async function ask(schedule, then, given = {}) {
  done = then;
  old = schedule;
  problem = preview = null;
  Object.assign(draft, given);
  values = old ? { ...old, when: old.words, model: old.model ?? "" } : draft;
  if (!dialog) {
    dialog = Object.assign(document.createElement("dialog"), { className: "card dialog" });
    document.body.append(dialog);
  }
  dialog.setAttribute("aria-label", title());
  draw();
  if (!dialog.open) dialog.showModal();
  look();
  models = await api("/models").then((found) => found.items ?? found, () => []);
  draw();
}

export function leave() {
  clearTimeout(timer);
  turn++;
  dialog?.remove();
  dialog = null;
}
