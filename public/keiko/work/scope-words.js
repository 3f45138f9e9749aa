// What a permission means, in the reader's words.

import { t } from "./kit.js";

const WORDS = {
  "me:read": t("know whose it is", "wissen, wem er gehört"),
  "agents:read": t("see the models", "die Modelle sehen"),
  "audit:read": t("read the record", "das Protokoll lesen"),
  "chats:read": t("read conversations", "Gespräche lesen"),
  "chats:write": t("write and change conversations", "Gespräche führen und ändern"),
  "events:read": t("follow what happens", "verfolgen, was geschieht"),
  "files:read": t("read files", "Dateien lesen"),
  "groups:read": t("see groups", "Gruppen sehen"),
  "sites:read": t("see sites", "Websites sehen"),
  "sites:write": t("change sites", "Websites ändern"),
  "memories:read": t("read what Keiko remembers", "lesen, was Keiko sich merkt"),
  "memories:write": t("change what Keiko remembers", "ändern, was Keiko sich merkt"),
  "metrics:read": t("see the numbers of all", "die Zahlen aller sehen"),
  "notifications:read": t("read the inbox", "den Eingang lesen"),
  "notifications:write": t("change inbox and notifications", "Eingang und Benachrichtigungen ändern"),
  "questions:answer": t("answer questions for you, approvals too", "Fragen für dich beantworten, auch Freigaben"),
  "schedules:read": t("see schedules", "Zeitpläne sehen"),
  "schedules:write": t("make and change schedules", "Zeitpläne anlegen und ändern"),
  "servers:read": t("see servers of tools", "Werkzeug-Server sehen"),
  "servers:write": t("add and change your servers of tools", "deine Werkzeug-Server ändern"),
  "servers:operate": t("look after shared servers", "gemeinsame Server betreuen"),
  "servers:share": t("change shared servers", "gemeinsame Server ändern"),
  "tasks:read": t("see tasks", "Aufgaben sehen"),
  "tasks:write": t("start and steer tasks", "Aufgaben beginnen und lenken"),
  "users:read": t("see accounts", "Konten sehen"),
  "webhooks:read": t("see webhooks", "Webhooks sehen"),
  "webhooks:write": t("make and change webhooks", "Webhooks anlegen und ändern"),
};

export const scopeWords = (scope) => WORDS[scope] ?? scope;
