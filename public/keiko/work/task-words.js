// What a task is called, how it stands, and what can be done about it.

import { t, when } from "./kit.js";

const STATES = {
  pending: { kind: "", text: (task) => (task.not_before ? t(`Begins ${when(task.not_before)}`, `Beginnt ${when(task.not_before)}`) : t("Held back", "Zurückgehalten")) },
  queued: { kind: "", text: () => t("In line", "In der Reihe") },
  running: { kind: "busy", text: () => t("Running", "Läuft") },
  waiting: { kind: "warn", text: () => t("Needs you", "Braucht dich") },
  suspended: { kind: "", text: () => t("Paused", "Angehalten") },
  retrying: { kind: "warn", text: (task) => (task.not_before ? t(`Tries again ${when(task.not_before)}`, `Neuer Versuch ${when(task.not_before)}`) : t("Tries again soon", "Neuer Versuch gleich")) },
  completed: { kind: "good", text: () => t("Done", "Fertig") },
  failed: { kind: "bad", text: () => t("Failed", "Fehlgeschlagen") },
  cancelled: { kind: "", text: () => t("Cancelled", "Abgebrochen") },
  timeout: { kind: "bad", text: () => t("Took too long", "Hat zu lange gedauert") },
};

export const stateOf = (task) => {
  const state = STATES[task.status] ?? { kind: "", text: () => task.status };
  return { kind: state.kind, text: state.text(task) };
};

export const PRIORITIES = [
  ["low", t("Low", "Niedrig")],
  ["normal", t("Normal", "Normal")],
  ["high", t("High", "Hoch")],
  ["urgent", t("Urgent", "Dringend")],
  ["critical", t("Critical", "Kritisch")],
];

export const priorityOf = (task) => PRIORITIES.find(([name]) => name === task.priority)?.[1] ?? task.priority;

export const nameOf = (task) => task.name?.trim() || t("An answer", "Eine Antwort");

export const isOpen = (task) => ["pending", "queued", "running", "waiting", "suspended", "retrying"].includes(task.status);
const wentWrong = (task) => ["failed", "timeout", "cancelled"].includes(task.status);

const VERBS = {
  answer: t("Answer", "Antworten"),
  pause: t("Pause", "Anhalten"),
  resume: t("Resume", "Fortsetzen"),
  stop: t("Cancel", "Abbrechen"),
  retry: t("Try again", "Noch einmal versuchen"),
  download: t("Download", "Herunterladen"),
  "run-again": t("Run again", "Neu ausführen"),
  background: t("Continue in background", "Im Hintergrund weiter"),
  foreground: t("Bring to front", "Nach vorn holen"),
  open: t("Open conversation", "Gespräch öffnen"),
};

export const label = (verb) => VERBS[verb];

const FIRST = {
  pending: ["stop"],
  queued: ["pause", "stop"],
  running: ["pause", "stop"],
  waiting: ["answer", "stop"],
  suspended: ["resume", "stop"],
  retrying: ["pause", "stop"],
  completed: ["download", "run-again"],
  failed: ["retry"],
  cancelled: ["retry"],
  timeout: ["retry"],
};

// The verbs that stand in a task's row, and those that stand in its menu.
export function verbsOf(task) {
  const first = FIRST[task.status] ?? [];
  const more = [];
  if (task.thread_id) more.push("open");
  if (isOpen(task) && task.thread_id) more.push(task.in_background ? "foreground" : "background");
  if (wentWrong(task)) more.push("run-again", "download");
  return { first, more };
}

// The number of tokens that a task has used, as the server tells it.
export function tokensOf(task) {
  const { tokens } = task;
  if (typeof tokens === "number") return tokens;
  if (!tokens) return 0;
  return tokens.total ?? (tokens.input ?? 0) + (tokens.output ?? 0);
}
