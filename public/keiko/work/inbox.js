// The page "Inbox": what Keiko had to say, unread first.

import { api, events, html, newest, nothing, render, repeat, t, toast, undo, when } from "./kit.js";

const SIZE = 50;
const MOST = 1000; // read ones that are looked at again at once
const SOON = 200; // ms in which several events are one look
const BADGES = {
  task_done: ["good", t("Done", "Fertig")],
  task_failed: ["bad", t("Failed", "Nicht gelungen")],
  question: ["warn", t("Needs an answer", "Braucht eine Antwort")],
  question_expired: ["warn", t("No answer came", "Keine Antwort")],
  schedule_missed: ["warn", t("Did not run", "Nicht gelaufen")],
  security: ["warn", t("Security", "Sicherheit")],
  digest: ["busy", t("Digest", "Überblick")],
};

export async function open(root) {
  const state = { unread: [], read: [], count: 0, next: null, isLoading: true, problem: "" };
  let timer = 0;
  let isClosed = false;

  const draw = () => isClosed || render(view(), root);

  const going = new Set(); // ids of what is removed unless that is taken back
  const without = (items) => items.filter(({ id }) => !going.has(id));
  let wanted = SIZE; // how many that are read
  const look = () =>
    Promise.all([api(`/notifications?unread=true&limit=${SIZE}`), api(`/notifications?unread=false&limit=${wanted}`)]);
  const load = newest(look, ({ found, problem }) => {
    if (found) {
      const [unread, read] = found;
      Object.assign(state, { unread: without(unread.items), read: without(read.items), count: unread.unread, next: read.next_cursor });
    }
    Object.assign(state, { isLoading: false, problem: problem?.message ?? "" });
    draw();
    window.dispatchEvent(new Event("keiko:inbox"));
  });
  const loadSoon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      load();
    }, SOON);
  };
  const more = async () => {
    if (wanted + SIZE <= MOST) {
      wanted += SIZE;
      return load(); // a look that is under way would bring fewer: this one overtakes it
    }
    const page = await attempt(api(`/notifications?unread=false&limit=${SIZE}&after=${encodeURIComponent(state.next)}`));
    if (!page) return;
    Object.assign(state, { read: [...state.read, ...page.items], next: page.next_cursor });
    draw();
  };
  const attempt = (asked) => asked.catch((error) => void toast(error.message, "problem"));

  const mark = async (item, path) => {
    await attempt(api(`/notifications/${path}`, { method: "POST", body: { ids: [item.id] } }));
    load();
  };
  const markAll = async () => {
    const marked = await attempt(api("/notifications/read", { method: "POST", body: {} }));
    if (!marked) return;
    await load();
    const back = () => attempt(api("/notifications/unread", { method: "POST", body: { ids: marked.ids } })).then(load);
    undo(t("All marked as read", "Alles als gelesen markiert"), back);
  };
  // It goes from the page at once, and from the server when nobody has taken it back.
  const remove = async (item) => {
    going.add(item.id);
    Object.assign(state, { unread: without(state.unread), read: without(state.read) });
    draw();
    root.querySelector("h1").focus();
    const isUndone = await undo(t("Removed", "Entfernt"));
    if (!isUndone) await attempt(api(`/notifications/${item.id}`, { method: "DELETE" }));
    going.delete(item.id);
    load();
  };

  const address = (item) => (item.thread_id ? `/thread/${item.thread_id}` : item.kind === "security" ? "/work/settings#security" : null);
  const shown = (item) => (["digest", "security"].includes(item.kind) ? item.headline : item.title);
  const follow = (item) => {
    if (item.read_at || item.kind === "question") return;
    api("/notifications/read", { method: "POST", body: { ids: [item.id] } }).catch(() => {});
  };
  const way = (item) =>
    address(item)
      ? html`<a class="button small ${item.kind === "question" && !item.read_at ? "primary" : ""}" href=${address(item)} @click=${() => follow(item)}
          >${item.kind === "question" && !item.read_at ? t("Answer", "Antworten") : t("Open", "Öffnen")}<span class="hidden-label">: ${shown(item)}</span></a
        >`
      : nothing;

  const row = (item) => {
    const [colour, label] = BADGES[item.kind] ?? ["", item.kind];
    return html`<li class="card notice ${item.read_at ? "" : "is-unread"}" data-id=${item.id}>
      <div class="notice-head">
        <span class="badge ${colour}">${label}</span>
        <time class="small" datetime=${item.created_at}>${when(item.created_at)}</time>
      </div>
      <h3>${shown(item)}</h3>
      ${item.text ? html`<p class="notice-text">${item.text}</p>` : nothing}
      <div class="actions">
        ${way(item)}
        <button class="button small plain" @click=${() => mark(item, item.read_at ? "unread" : "read")}>
          ${item.read_at ? t("Mark as unread", "Als ungelesen markieren") : t("Mark as read", "Als gelesen markieren")}
        </button>
        <button class="button small plain" @click=${() => remove(item)}>${t("Remove", "Entfernen")}<span class="hidden-label">: ${shown(item)}</span></button>
      </div>
    </li>`;
  };
  const list = (label, items) =>
    items.length
      ? html`<section aria-label=${label}>
          <h2>${label}</h2>
          <ul class="list">
            ${repeat(items, ({ id }) => id, row)}
          </ul>
        </section>`
      : nothing;
  const empty = () => html`<div class="empty">
    <h2>${t("Nothing here yet", "Noch nichts da")}</h2>
    <p>${t("When something is done in the background, or needs you, it says so here.", "Wenn im Hintergrund etwas fertig wird oder dich braucht, steht es hier.")}</p>
    <a class="button" href="/work/settings">${t("How you are told", "Wie du Bescheid bekommst")}</a>
  </div>`;
  const content = () => {
    if (state.isLoading) return nothing;
    if (!state.unread.length && !state.read.length) return empty();
    return html`${list(t("Unread", "Ungelesen"), state.unread)} ${list(t("Read", "Gelesen"), state.read)}
    ${state.next ? html`<p><button class="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button></p>` : nothing}`;
  };
  const view = () => html`
    <div class="heading">
      <h1 tabindex="-1">${t("Inbox", "Eingang")}${state.count ? html` <span class="badge busy">${state.count}</span>` : nothing}</h1>
      ${state.unread.length ? html`<button class="button" @click=${markAll}>${t("Mark all as read", "Alles als gelesen markieren")}</button>` : nothing}
    </div>
    ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing} ${content()}
  `;

  const hear = ({ detail: { type } }) => {
    if (type === "connected" || type.startsWith("notification.") || type === "question.answered") loadSoon();
  };
  const seen = () => document.hidden || loadSoon();
  events.addEventListener("any", hear);
  document.addEventListener("visibilitychange", seen);
  draw();
  await load();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    events.removeEventListener("any", hear);
    document.removeEventListener("visibilitychange", seen);
  };
}
