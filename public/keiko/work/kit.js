// What every one of these pages is made with.

import { html, nothing, render } from "./lit-html/lit-html.js";
import { live } from "./lit-html/directives/live.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { events } from "./events.js";

export { events, html, live, nothing, render, repeat };

export const isGerman = document.documentElement.lang === "de";
export const isPanel = new URLSearchParams(location.search).has("panel");
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// The text in the reader's language.
export const t = (english, german) => (isGerman ? german : english);

// Whether a key is being typed into something, and so is not meant for the page.
export const isTyping = ({ target }) => Boolean(target.closest?.("input, textarea, select, dialog, [contenteditable]"));

// Ask the REST face, or the sign-in below /auth; any other path is one below /api/v1. Gives back the data, or throws
// {message, field, code}. What was asked too often is asked again, once it may be.
export async function api(path, { method = "GET", body, tries = 3 } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(/^\/(api|auth)\//.test(path) ? path : `/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw problem(t("Keiko does not answer. Try again in a moment.", "Keiko antwortet nicht. Versuche es gleich noch einmal."), "unreachable");
  }
  if (answer.status === 401) toLogin();
  if (answer.status === 429 && method === "GET" && tries > 1) {
    await new Promise((done) => setTimeout(done, 1000 * (Number(answer.headers.get("Retry-After")) || 5)));
    return api(path, { tries: tries - 1 });
  }
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content?.data ?? null;
  const error = content?.error;
  throw problem(error?.message ?? t("That did not work. Try again in a moment.", "Das hat nicht geklappt. Versuche es gleich noch einmal."), error?.code ?? "error", error?.field);
}

function problem(message, code, field) {
  return Object.assign(new Error(message), { code, field });
}

function toLogin() {
  const { top } = window;
  top.location.assign(`/login?next=${encodeURIComponent(top.location.pathname + top.location.search)}`);
}

// Times

const language = isGerman ? "de-DE" : navigator.language || "en-GB";
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

// A moment as people say it: "14:05", "yesterday 14:05", "Mon, 3 Nov, 14:05". Takes a Date or ISO.
export function when(moment) {
  if (!moment) return "";
  const date = new Date(moment);
  const days = Math.round((startOfDay(date) - startOfDay(new Date())) / 86_400_000);
  const near = { "-1": t("yesterday", "gestern"), 0: "", 1: t("tomorrow", "morgen") }[days];
  if (near !== undefined) return `${near} ${clock.format(date)}`.trim();
  const written = Math.abs(days) < 180 ? day.format(date) : longDay.format(date);
  return `${written}, ${clock.format(date)}`;
}

const walls = (place) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: place });

// What clocks in the time zone `place` show at a moment: "2026-12-24T18:00", as a form takes it.
export const wallTime = (moment, place) => walls(place).format(new Date(moment)).replace(" ", "T");

// The moment (ISO, UTC) at which clocks in `place` show `wall`. A zone that nobody knows is taken
// as UTC.
export function momentOf(wall, place) {
  const shown = Date.parse(`${wall}Z`);
  let moment = shown;
  try {
    for (let n = 0; n < 2; n++) moment += shown - Date.parse(`${wallTime(moment, place)}Z`); // twice: clocks change
  } catch {
    moment = shown;
  }
  return new Date(moment).toISOString();
}

// How long something takes: "8 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 86_400), t("d", "T")],
    [Math.floor(whole / 3600) % 24, t("h", "Std.")],
    [Math.floor(whole / 60) % 60, t("min", "Min.")],
    [whole % 60, t("s", "s")],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0 ${t("s", "s")}`;
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map((part) => part.join("\u202f")).join(" ");
}

// A look at what changes: `show` gets what the newest call of `look` found, or its problem, and
// never an older answer. Whoever called earlier waits for that as well.
export function newest(look, show) {
  let last;
  return () => {
    const mine = look()
      .then(
        (found) => ({ found, problem: null }),
        (problem) => ({ problem }),
      )
      .then((answer) => (mine === last ? show(answer) : last));
    return (last = mine);
  };
}

// Messages: one place at the edge of the page, read aloud.

const STAYS = 5000; // ms
const UNDO_STAYS = 7000;

function place() {
  const known = document.getElementById("toasts");
  if (known) return known;
  const made = Object.assign(document.createElement("div"), { id: "toasts", role: "status" });
  document.body.append(made);
  return made;
}

function show(text, kind = "") {
  const bar = Object.assign(document.createElement("div"), { className: `toast ${kind}` });
  bar.append(Object.assign(document.createElement("span"), { textContent: text }));
  place().append(bar);
  return bar;
}

// Say something for a moment; `kind` may be "problem".
export function toast(text, kind = "") {
  const bar = show(text, kind);
  setTimeout(() => bar.remove(), STAYS);
}

// Say what is about to happen, with a button that prevents it or takes it back (`action`). True
// if it was pressed, false once the time for it has passed:
// `if (!(await undo("Removed"))) await api(path, { method: "DELETE" })`.
export function undo(text, action = () => {}) {
  return new Promise((resolve) => {
    const bar = show(text);
    const button = Object.assign(document.createElement("button"), { className: "button", type: "button", textContent: t("Undo", "Rückgängig") });
    const close = (isUndone) => {
      clearTimeout(timer);
      bar.remove();
      resolve(isUndone);
    };
    const timer = setTimeout(close, UNDO_STAYS, false);
    button.onclick = () => {
      action();
      close(true);
    };
    bar.append(button);
  });
}

// Copy what stands in a field. Only pages by https, or of this very machine, may do so by themselves: elsewhere what is to
// be copied is chosen, and the reader does the rest.
export async function copy(id) {
  const field = document.getElementById(id);
  try {
    await navigator.clipboard.writeText(field.value);
    toast(t("Copied", "Kopiert"));
  } catch {
    field.focus();
    field.select();
    toast(t("Chosen: copy it with Ctrl+C, or ⌘C.", "Markiert: Kopiere es mit Strg+C oder ⌘C."));
  }
}

// Ask before something that cannot be taken back; true if it is wanted.
export function confirm(text, { yes = t("Yes", "Ja"), no = t("No", "Nein") } = {}) {
  const dialog = document.createElement("dialog");
  dialog.className = "card dialog";
  dialog.setAttribute("aria-label", text);
  render(
    html`<form method="dialog">
      <p>${text}</p>
      <div class="actions">
        <button class="button primary" value="yes" autofocus>${yes}</button>
        <button class="button" value="no">${no}</button>
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
  });
}
