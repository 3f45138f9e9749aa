// On every one of these pages: how much is unread, beside the way to the inbox, and what is new.

import { api, events, isPanel, t, toast } from "./kit.js";

const SOON = 200; // ms in which several events are one look
const FRESH = 60_000; // ms after which nothing is said aloud any more
const told = new Set();
let timer = 0;
let isNew = false;

const isInbox = () => location.pathname === "/work/inbox";

function draw(unread) {
  const link = document.querySelector('nav a[data-page="inbox"]');
  if (!link) return;
  if (unread) link.dataset.count = unread > 99 ? "99+" : unread;
  else delete link.dataset.count;
  const name = t("Inbox", "Eingang");
  link.setAttribute("aria-label", unread ? `${name}, ${unread} ${t("unread", "ungelesen")}` : name);
}

function say({ id, headline, kind, created_at: moment }, isAloud) {
  const isKnown = told.has(id);
  told.add(id);
  if (isKnown || !isAloud || isInbox() || document.hidden || Date.now() - new Date(moment) > FRESH) return;
  toast(headline, kind === "task_failed" ? "problem" : "");
}

async function look(isAloud) {
  const { items, unread } = await api("/notifications?unread=true&limit=20").catch(() => ({ items: [] }));
  if (unread === undefined) return;
  draw(unread);
  items.forEach((item) => say(item, isAloud));
}

function lookSoon({ detail: { type } }) {
  if (type !== "connected" && !type.startsWith("notification.") && type !== "question.answered") return;
  isNew ||= type === "notification.created";
  timer ||= setTimeout(() => {
    look(isNew);
    timer = 0;
    isNew = false;
  }, SOON);
}

if (!isPanel) {
  events.addEventListener("any", lookSoon);
  document.addEventListener("visibilitychange", () => document.hidden || look(false));
  window.addEventListener("keiko:inbox", () => look(false));
  look(false);
}
