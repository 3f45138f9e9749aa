// The form for a schedule, new or to be changed. A time is shown as it is understood while it is
// written. What is written for a new one stays there until it is sent.

import { api, html, live, momentOf, nothing, render, t, wallTime, when, zone } from "./kit.js";
import { placeOf } from "./schedule-row.js";
import { PRIORITIES } from "./task-words.js";

const PAUSE = 350; // ms without a key before a time is looked at
const EMPTY = { text: "", name: "", when: "", time_zone: zone, missed: "once", overlap: "skip", model: "", starts_at: "", ends_at: "", most_runs: "", priority: "normal" };
const TIME = ["when", "time_zone", "starts_at", "ends_at"];
const MORE = ["starts_at", "ends_at", "most_runs", "priority"];
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
let kept = draft; // what the values were before anything was written
let models = [];
let problem = null;
let preview = null;
let isSending = false;
let isMoreOpen = false;
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
const input = (name, hint, more = {}) => html`<input id="schedule-${name}" name=${name} autocomplete="off" maxlength=${more.longest ?? 255} list=${more.list ?? nothing} type=${more.type ?? "text"} min=${more.least ?? nothing}
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
  const runs = preview.runs.slice(0, runsLeft());
  return html`<p class="words">${preview.words}</p>
    ${elsewhere}
    ${runs.length
      ? html`<ol aria-label=${t("Next runs", "Nächste Läufe")}>${runs.map((run) => html`<li><time datetime=${run}>${when(run)}</time></li>`)}</ol>`
      : html`<p class="small">${t("No run is to come.", "Es steht kein Lauf mehr bevor.")}</p>`}`;
}

// What few need: it stays out of the way until something of it is set or wrong.
function moreFields() {
  const { time_zone: place } = values;
  const hint = t(`Time in ${placeOf(place)}`, `Zeit in ${placeOf(place)}`);
  const already = old?.runs ? t(`It has run ${old.runs} times so far; they count.`, `Er lief schon ${old.runs}-mal; das zählt mit.`) : "";
  const moment = (name) => input(name, hint, { type: "datetime-local" });
  return html`<details class="further" .open=${live(isMoreOpen)} @toggle=${({ target }) => (isMoreOpen = target.open)}>
    <summary>${t("More", "Mehr")}</summary>
    <div class="row">${field("starts_at", t("Start", "Beginn"), moment("starts_at"), hint)} ${field("ends_at", t("End", "Ende"), moment("ends_at"), hint)}</div>
    <div class="row">
      ${field("most_runs", t("Number of runs", "Anzahl der Läufe"), input("most_runs", already, { type: "number", least: 1, placeholder: t("without limit", "ohne Grenze") }), already)}
      ${field("priority", t("Priority", "Vorrang"), select("priority", PRIORITIES))}
    </div>
  </details>`;
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
    ${field("overlap", t("If the last run is still at work", "Wenn noch ein Lauf arbeitet"), select("overlap", OVERLAP, OVERLAP_EXPLAINED[values.overlap]), OVERLAP_EXPLAINED[values.overlap])}
  </div>
  ${modelField()} ${moreFields()}
  ${problem && !hasPlace(problem) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  <div class="actions">
    <button class="button primary" type="submit" aria-disabled=${isSending}>${old ? t("Save", "Speichern") : t("Create schedule", "Zeitplan anlegen")}</button>
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

function draw() {
  isMoreOpen ||= MORE.includes(problem?.field);
  if (dialog) render(form(), dialog);
}

function set(name, value) {
  values[name] = value;
  if (problem?.field === name && name !== "when") problem = null;
  if (TIME.includes(name)) lookSoon();
  draw();
}

// The time

const isKept = (...names) => old && names.every((name) => values[name] === kept[name]);
const isToCome = (moment) => moment && new Date(moment) > new Date();
const placeToSend = () => values.time_zone.trim() || zone;
const runsLeft = () => (values.most_runs ? Math.max(0, values.most_runs - (old?.runs ?? 0)) : Infinity);

// Start and end as they are sent; one that stays as it is, is not. Without its start a schedule
// that has one begins now.
function bounds() {
  const stays = (name) => isKept(name) && (!values[name] || isKept("time_zone"));
  const moment = (name) => (values[name] ? momentOf(values[name], placeToSend()) : null);
  return {
    ...(!stays("starts_at") && { starts_at: moment("starts_at") ?? (old && new Date().toISOString()) }),
    ...(!stays("ends_at") && { ends_at: moment("ends_at") }),
  };
}

// What counts of the start of a schedule that is changed: a rule that is kept goes on in its beat.
function startKept() {
  if (old?.next_at && isKept("when", "time_zone")) return old.next_at;
  return isToCome(old?.starts_at) ? old.starts_at : null;
}

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
  if (TIME.includes(problem?.field)) problem = null;
  if (found?.error) {
    problem ??= found.error;
    preview = null;
  } else preview = found;
  draw();
}

async function understand() {
  if (!values.when.trim()) return null;
  if (isKept(...TIME) && !old.next_at && (old.ended_at || old.kind !== "cron")) return { ...old, runs: [] };
  const body = { when: values.when, time_zone: placeToSend(), starts_at: startKept(), ends_at: old?.ends_at ?? null, ...bounds() };
  return api("/schedules/preview", { method: "POST", body });
}

// What is sent

function missing() {
  if (!values.text.trim()) return { field: "text", message: t("Say what Keiko is to be asked.", "Sag, was Keiko gefragt werden soll.") };
  if (!values.when.trim()) return { field: "when", message: t("Say when, for example: every weekday at 8.", "Sag, wann, zum Beispiel: jeden Werktag um 8.") };
  return null;
}

function read() {
  const { text, when: time, missed, overlap, model, priority } = values;
  const name = values.name.trim();
  const time_zone = placeToSend();
  const most_runs = values.most_runs === "" ? null : Number(values.most_runs);
  const common = { text, missed, overlap, model: model || null, priority, most_runs, ...(name && { name }), ...bounds() };
  if (!old) return { ...common, when: time, time_zone };
  return { ...common, ...(time !== old.words && { when: time }), ...(time_zone !== old.time_zone && { time_zone }) };
}

// What a schedule is, as the form shows it. A start that has been is none any more.
function shown(schedule) {
  const { words, model, most_runs, starts_at, ends_at, time_zone } = schedule;
  const wall = (moment) => wallTime(moment, time_zone);
  const more = { starts_at: isToCome(starts_at) ? wall(starts_at) : "", ends_at: ends_at ? wall(ends_at) : "", most_runs: most_runs ?? "" };
  return { ...schedule, ...more, when: words, model: model ?? "" };
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
  values = old ? shown(old) : draft;
  kept = { ...values };
  isMoreOpen = MORE.some((name) => values[name] !== EMPTY[name]);
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
