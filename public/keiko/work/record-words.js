// What the entries of the record are called.

import { t } from "./kit.js";

const NAMES = {
  "access.refused": t("Refused", "Abgewiesen"),
  "access.seen": t("Looked at others’ data", "Angesehen, was anderen gehört"),
  "api_key.changed": t("API key", "API-Schlüssel"),
  "audit.exported": t("Record exported", "Protokoll exportiert"),
  "audit.places_forgotten": t("Places forgotten", "Orte vergessen"),
  "audit.removed": t("Old entries removed", "Alte Einträge entfernt"),
  "connected_app.changed": t("Other assistant", "Anderer Assistent"),
  "site.created": t("Site added", "Website angelegt"),
  "site.changed": t("Site changed", "Website geändert"),
  "site.revoked": t("Site revoked", "Website widerrufen"),
  "group.changed": t("Group changed", "Gruppe geändert"),
  "mcp.server_changed": t("Server of tools changed", "Tool-Server geändert"),
  "question.answered": t("Question answered", "Frage beantwortet"),
  "question.asked": t("Question asked", "Frage gestellt"),
  "question.expired": t("Question expired", "Frage verfallen"),
  "schedule.changed": t("Schedule changed", "Zeitplan geändert"),
  "schedule.created": t("Schedule created", "Zeitplan angelegt"),
  "schedule.fired": t("Schedule ran", "Zeitplan lief"),
  "schedule.removed": t("Schedule removed", "Zeitplan entfernt"),
  "session.ended": t("Session ended", "Sitzung beendet"),
  "settings.changed": t("Settings at start changed", "Einstellungen beim Start geändert"),
  "settings.keys_changed": t("Key for what is written changed", "Schlüssel für Geschriebenes geändert"),
  "task.cancelled": t("Task stopped", "Aufgabe gestoppt"),
  "task.completed": t("Task done", "Aufgabe erledigt"),
  "task.created": t("Task begun", "Aufgabe begonnen"),
  "task.failed": t("Task failed", "Aufgabe gescheitert"),
  "task.removed": t("Task removed", "Aufgabe entfernt"),
  "task.timed_out": t("Task took too long", "Aufgabe dauerte zu lange"),
  "thread.deleted": t("Conversation deleted", "Unterhaltung gelöscht"),
  "tool_rule.changed": t("Rule for tools changed", "Regel für Tools geändert"),
  "tool.executed": t("Tool called", "Tool aufgerufen"),
  "user.changed": t("Account changed", "Konto geändert"),
  "user.credential_changed": t("Password or second factor changed", "Passwort oder zweiter Faktor geändert"),
  "user.identity_changed": t("Linked account changed", "Verknüpftes Konto geändert"),
  "user.created": t("Account made", "Konto angelegt"),
  "user.sign_in_failed": t("Sign-in failed", "Anmeldung gescheitert"),
  "user.signed_in": t("Signed in", "Angemeldet"),
  "webhook.changed": t("Webhook changed", "Webhook geändert"),
};

export const nameOf = (type) => NAMES[type] ?? type;

// What stands in details for a reader of the record, where it is a word of Keiko's own and not somebody's name.
const DETAILS = {
  "a group": t("a group", "eine Gruppe"),
  "a request": t("a request", "eine Anfrage"),
  "a shared server's log": t("a shared server's log", "den Verlauf eines gemeinsamen Servers"),
  "an account": t("an account", "ein Konto"),
  "the accounts": t("the accounts", "die Konten"),
  "the groups": t("the groups", "die Gruppen"),
  "the record": t("the record", "das Protokoll"),
  not_accepted: t("passkey not accepted", "Passkey nicht angenommen"),
  shut: t("account is disabled", "Konto ist gesperrt"),
  unknown_or_shut: t("no such account, or it is disabled", "kein solches Konto, oder gesperrt"),
  wrong_code: t("wrong code", "falscher Code"),
  wrong_password: t("wrong password", "falsches Passwort"),
  app: t("authenticator app", "Authenticator-App"),
  passkey: "Passkey",
  password: t("password", "Passwort"),
  recovery_codes: t("recovery codes", "Wiederherstellungscodes"),
  second_factor: t("second factor", "zweiter Faktor"),
  added: t("added", "hinzugefügt"),
  begun: t("begun", "begonnen"),
  changed: t("changed", "geändert"),
  connected: t("let in", "hereingelassen"),
  created: t("created", "angelegt"),
  disabled: t("disabled", "gesperrt"),
  enabled: t("enabled again", "entsperrt"),
  first_used: t("used for the first time", "zum ersten Mal benutzt"),
  invited: t("invited", "eingeladen"),
  linked: t("linked", "verknüpft"),
  members: t("other members", "andere Mitglieder"),
  removed: t("removed", "entfernt"),
  renamed: t("renamed", "umbenannt"),
  reset: t("reset", "zurückgesetzt"),
  retired: t("retired", "außer Dienst"),
  revoked: t("revoked", "widerrufen"),
  role: t("role", "Rolle"),
  sessions_ended: t("sessions ended", "Sitzungen beendet"),
  unlinked: t("unlinked", "gelöst"),
  used: t("used", "benutzt"),
};

const worded = (value) => DETAILS[value] ?? value;

// What an entry is about, in a few words.
export function gistOf({ details }) {
  if (details.tool) return `${details.server} / ${details.tool}`;
  const thing = details.name ?? details.username ?? details.provider ?? worded(details.credential);
  const what = worded(details.what ?? details.change ?? details.reason);
  return [thing, what].filter(Boolean).join(" · ");
}

export const KINDS = [
  ["", t("Everything", "Alles")],
  ["user.signed_in user.sign_in_failed session.*", t("Signing in and out", "An- und Abmelden")],
  ["access.*", t("Refusals and looks", "Abweisungen und Einblicke")],
  ["user.* group.* api_key.* identity.* connected_app.*", t("Accounts and rights", "Konten und Rechte")],
  ["tool.*", t("Tools", "Tools")],
  ["question.*", t("Questions and answers", "Fragen und Antworten")],
  ["mcp.* tool_rule.* webhook.* schedule.* settings.*", t("Configuration", "Konfiguration")],
  ["task.* thread.*", t("Tasks and conversations", "Aufgaben und Unterhaltungen")],
  ["audit.*", t("The record itself", "Das Protokoll selbst")],
];

export const OUTCOMES = {
  success: ["good", t("Success", "Erfolg")],
  failure: ["bad", t("Failure", "Fehlschlag")],
  refused: ["warn", t("Refused", "Abgewiesen")],
};

export const DAMAGES = {
  entry_changed: t("was changed", "wurde geändert"),
  entry_missing: t("is missing", "fehlt"),
  entry_moved: t("was moved", "wurde verschoben"),
  place_changed: t("came from elsewhere", "kam von anderswo"),
  entry_added: t("was slipped in", "wurde untergeschoben"),
  entry_twice: t("is sealed twice", "ist zweimal gesiegelt"),
  entry_missing_before_its_seal: t("was removed before its seal", "wurde vor dem Siegeln entfernt"),
  seal_missing: t("the seal is missing", "das Siegel fehlt"),
  seal_changed: t("the seal was changed", "das Siegel wurde geändert"),
  seal_forged: t("the seal is forged", "das Siegel ist gefälscht"),
  key_not_here: t("its key is not here", "sein Schlüssel ist nicht hier"),
  removed_too_early: t("was removed too early", "wurde zu früh entfernt"),
  tail_cut: t("the end was cut off", "das Ende wurde abgeschnitten"),
  head_differs: t("is not the seal that was told", "ist nicht das Siegel, das gemeldet wurde"),
};
