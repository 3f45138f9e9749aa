// The page "Tasks": what Keiko works on for its reader, by how it stands.

import { api, confirm, html, isPanel, live, nothing, render, repeat, t, toast } from "./kit.js";
import { closeMenus, isSeen, listen } from "./list.js";
import { ask, leave } from "./task-form.js";
import { row } from "./task-row.js";
import { isOpen, nameOf } from "./task-words.js";

const TABS = [
  { name: "running", label: t("Running", "Laufend"), empty: t("Nothing runs at the moment.", "Im Moment läuft nichts.") },
  { name: "waiting", label: t("Waiting", "Wartend"), empty: t("Nothing waits.", "Nichts wartet.") },
  { name: "scheduled", label: t("Scheduled", "Geplant"), empty: t("Nothing is planned for later.", "Für später ist nichts geplant.") },
  { name: "finished", label: t("Finished", "Beendet"), empty: t("Nothing has ended yet.", "Noch ist nichts beendet.") },
];
const NAMES = TABS.map(({ name }) => name);
const AT_ONCE = 50;
const LOOK_AGAIN = 15_000; // ms; for what an event that was lost would have told
const FOLLOWED = 5000; // ms
const SOON = 250; // ms in which several events are one look

export async function open(root) {
  const address = new URLSearchParams(location.search);
  const lists = Object.fromEntries(TABS.map(({ name }) => [name, { items: null, cursor: null, asked: 0 }]));
  let tab = TABS.find(({ name }) => name === address.get("state")) ?? TABS[0];
  let text = address.get("q") ?? "";
  let tag = address.get("tag") ?? "";
  let problem = null;
  let followed = null; // {id, until}
  let isOver = false;
  let looks = 0; // how often was asked for lists
  let timer = 0;

  // What there is

  const query = (state, more = {}) => {
    const search = text.trim();
    const wanted = { state, limit: AT_ONCE, ...(search && { search }), ...(tag && { tag }), ...more };
    return `/tasks?${new URLSearchParams(wanted)}`;
  };
  const load = async (names = NAMES) => {
    const mine = ++looks;
    for (const name of names) lists[name].asked = mine;
    const isNewest = (name) => lists[name].asked === mine;
    try {
      const pages = await Promise.all(names.map((name) => api(query(name))));
      names.forEach((name, n) => isNewest(name) && take(lists[name], pages[n]));
      problem = null;
    } catch (error) {
      if (names.some(isNewest)) problem = error;
    }
    if (isOver) return;
    if (followed) follow();
    draw();
  };
  // A list that was shown further than its first page keeps what follows.
  const take = (list, page) => {
    const known = new Set(page.items.map(({ id }) => id));
    const isLonger = (list.items?.length ?? 0) > AT_ONCE && page.next_cursor;
    const last = isLonger ? list.items.findIndex(({ id }) => id === page.items.at(-1).id) : -1;
    const rest = isLonger ? list.items.slice(last < 0 ? AT_ONCE : last + 1).filter(({ id }) => !known.has(id)) : [];
    list.items = [...page.items, ...rest];
    if (!isLonger) list.cursor = page.next_cursor;
  };
  const more = async () => {
    const list = lists[tab.name];
    try {
      const page = await api(query(tab.name, { after: list.cursor }));
      const known = new Set(list.items.map(({ id }) => id));
      list.items.push(...page.items.filter(({ id }) => !known.has(id)));
      list.cursor = page.next_cursor;
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  let wanted = [];
  const soon = (names = NAMES) => {
    wanted = names.length < wanted.length ? wanted : names;
    timer ||= setTimeout(() => {
      const now = wanted;
      timer = 0;
      wanted = [];
      load(now);
    }, SOON);
  };

  // A task that has just been made: the list that it is in is shown, until it stands somewhere for
  // good. Most are in line for a moment only.
  const follow = () => {
    const found = TABS.find(({ name }) => lists[name].items?.some(({ id }) => id === followed.id));
    if (found) choose(found.name);
    if ((found && found.name !== "waiting") || Date.now() > followed.until) followed = null;
  };
  const show = async ({ id }) => {
    followed = { id, until: Date.now() + FOLLOWED };
    await load();
  };

  // What can be done

  const act = async (task, verb) => {
    closeMenus(root);
    if (verb === "stop" && !(await isSure(task))) return;
    try {
      const answer = await api(`/tasks/${task.id}/${verb}`, { method: "POST" });
      if (verb === "foreground") {
        window.top.location.assign(`/thread/${task.thread_id}`);
        return;
      }
      const said = SAID[verb]?.(nameOf(task));
      if (said) toast(said);
      if (verb === "run-again" || verb === "retry") await show(answer);
      else await load();
    } catch (error) {
      toast(error.message, "problem");
      await load();
    }
  };
  const isSure = (task) =>
    confirm(t(`Cancel “${nameOf(task)}”? What it has written so far is kept.`, `„${nameOf(task)}“ abbrechen? Was bisher geschrieben ist, bleibt.`), {
      yes: t("Cancel it", "Abbrechen"),
      no: t("Let it be", "Lassen"),
    });
  const rank = async (task, priority) => {
    closeMenus(root);
    try {
      await api(`/tasks/${task.id}`, { method: "PATCH", body: { priority } });
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };
  const create = () =>
    ask(async (task) => {
      await show(task);
      toast(t("The task is stored. It goes on even if you close this page.", "Die Aufgabe ist gespeichert. Sie läuft auch, wenn du diese Seite schließt."));
    });

  // What is shown

  const remember = () => {
    const wanted = { ...(isPanel && { panel: "" }), ...(tab !== TABS[0] && { state: tab.name }), ...(text && { q: text }), ...(tag && { tag }) };
    const search = new URLSearchParams(wanted).toString();
    history.replaceState(history.state, "", `${location.pathname}${search && `?${search}`}`);
  };
  const turnTo = (name) => {
    followed = null;
    choose(name);
  };
  const choose = (name) => {
    tab = TABS.find((one) => one.name === name);
    remember();
    draw();
  };
  const filter = (wanted) => {
    ({ text = text, tag = tag } = wanted);
    remember();
    draw();
    soon();
  };
  const turnTab = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    turnTo(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length].name);
    root.querySelector("[role=tab][aria-selected=true]").focus();
  };
  const count = ({ name }) => {
    const { items, cursor } = lists[name];
    return items === null ? "" : `${items.length}${cursor ? "+" : ""}`;
  };
  const tabs = () => html`<div class="tabs" role="tablist" aria-label=${t("Tasks by state", "Aufgaben nach Stand")} @keydown=${turnTab}>
    ${TABS.map(
      (one) => html`<button type="button" role="tab" id="tab-${one.name}" aria-controls="tasks" aria-selected=${one === tab} tabindex=${one === tab ? 0 : -1}
        @click=${() => turnTo(one.name)}>${one.label} <span class="count">${count(one)}</span></button>`,
    )}
  </div>`;
  const tools = () => html`<div class="toolbar">
    <label class="search">
      <span class="hidden-label">${t("Filter by words", "Nach Wörtern filtern")}</span>
      <input class="input" type="search" id="filter" placeholder=${t("Filter …", "Filtern …")} .value=${live(text)} @input=${({ target }) => filter({ text: target.value })} />
    </label>
    ${tag ? html`<button type="button" class="button small" @click=${() => filter({ tag: "" })} aria-label=${t(`No longer filter by ${tag}`, `Nicht mehr nach ${tag} filtern`)}>#${tag} ✕</button>` : nothing}
  </div>`;
  const empty = () => html`<div class="empty">
    <h2>${text || tag ? t("Nothing fits the filter.", "Nichts passt zum Filter.") : tab.empty}</h2>
    ${tab.name === "running" && !text && !tag
      ? html`<p>${t("Give Keiko something to do; it goes on while you do something else.", "Gib Keiko etwas zu tun; es läuft, während du anderes tust.")}</p>`
      : nothing}
  </div>`;
  const list = () => {
    const { items, cursor } = lists[tab.name];
    if (items === null) return html`<p class="quiet" role="status">${problem ? "" : t("One moment …", "Einen Moment …")}</p>`;
    if (!items.length) return empty();
    return html`<ul class="list">
        ${repeat(items, ({ id }) => id, (task) => row(task, { act, rank, choose: (name) => filter({ tag: name }) }))}
      </ul>
      ${cursor ? html`<p class="more"><button class="button" type="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button></p>` : nothing}`;
  };
  function draw() {
    render(
      html`<div class="heading">
          <h1>${t("Tasks", "Aufgaben")}</h1>
          <div class="actions">
            ${isPanel ? html`<a class="button plain" href="/work/tasks" target="_top">${t("Whole page", "Ganze Seite")}</a>` : nothing}
            <button class="button primary" type="button" @click=${create}>${t("New task", "Neue Aufgabe")}</button>
          </div>
        </div>
        ${tabs()} ${tools()}
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
        <section id="tasks" role="tabpanel" aria-labelledby="tab-${tab.name}">${list()}</section>
        <p class="keys small">${t("Keys: j and k choose, Enter opens, Del cancels, n is new, / filters.", "Tasten: j und k wählen, Enter öffnet, Entf bricht ab, n ist neu, / filtert.")}</p>`,
      root,
    );
  }

  // Keys

  const taskOf = (element) => lists[tab.name].items?.find(({ id }) => id === element?.dataset.task);
  const keys = {
    n: create,
    "/": () => root.querySelector("#filter").focus(),
    Enter: () => {
      const task = taskOf(document.activeElement); // Enter on a button in a row is that button's
      if (task?.thread_id) window.top.location.assign(`/thread/${task.thread_id}`);
      return Boolean(task);
    },
    Delete: () => {
      const task = taskOf(document.activeElement.closest(".task"));
      if (task && isOpen(task)) act(task, "stop");
    },
  };

  const hear = (type) => {
    if (type === "task.progressed") soon(["running"]);
    else if (type === "connected" || type.startsWith("task.")) soon();
  };
  const ticks = setInterval(() => isSeen() && lists[tab.name].items?.some(({ status }) => status === "running") && draw(), 1000);
  const rounds = setInterval(() => isSeen() && load(), LOOK_AGAIN);
  const listenNoMore = listen(root, { rows: ".task", keys, hear, look: soon });
  draw();
  await load();

  return () => {
    isOver = true;
    clearInterval(ticks);
    clearInterval(rounds);
    clearTimeout(timer);
    leave();
    listenNoMore();
  };
}

const SAID = {
  pause: (name) => t(`“${name}” pauses.`, `„${name}“ hält an.`),
  resume: (name) => t(`“${name}” goes on.`, `„${name}“ geht weiter.`),
  stop: (name) => t(`“${name}” is cancelled.`, `„${name}“ ist abgebrochen.`),
  retry: (name) => t(`“${name}” is tried again.`, `„${name}“ wird noch einmal versucht.`),
  "run-again": (name) => t(`“${name}” runs again.`, `„${name}“ läuft neu.`),
  background: (name) => t(`“${name}” goes on in the background.`, `„${name}“ geht im Hintergrund weiter.`),
};
