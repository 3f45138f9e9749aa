// The shell: which page is shown, the way between pages, and the keys that work on all of them.

import { api, html, isPanel, isTyping, nothing, render, t } from "./kit.js";
import { edged, watch } from "./edges.js";
import "./notices.js";

const PAGES = [
  { name: "tasks", key: "t", label: t("Tasks", "Aufgaben"), load: () => import("./tasks.js") },
  { name: "schedules", key: "s", label: t("Schedules", "Zeitpläne"), load: () => import("./schedules.js") },
  { name: "inbox", key: "i", label: t("Inbox", "Eingang"), load: () => import("./inbox.js") },
  { name: "tools", key: "o", label: "Tools", load: () => import("./tools.js") },
  { name: "record", label: t("Record", "Protokoll"), load: () => import("./record.js"), isForAdmins: true },
  { name: "users", label: t("Users", "Benutzer"), load: () => import("./users.js"), isForAdmins: true },
  { name: "sites", label: t("Sites", "Websites"), load: () => import("./sites.js"), isForAdmins: true },
  { name: "settings", label: t("Settings", "Einstellungen"), load: () => import("./settings.js") },
];

const frame = document.getElementById("frame");
let close = () => {};
let turn = 0;
let isAdmin = PAGES.some(({ name, isForAdmins }) => isForAdmins && location.pathname === `/work/${name}`); // until it is known

const named = (path) => PAGES.find(({ name }) => path === `/work/${name}`) ?? PAGES[0];

const brand = html`<svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
  <path d="M16 3a13 13 0 1 0 13 13" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" />
  <circle cx="25" cy="7" r="3.2" fill="currentColor" />
</svg>`;

const link = (page, shown) => html`<a
  href="/work/${page.name}"
  aria-current=${page === shown ? "page" : nothing}
  data-page=${page.name}
  >${page.label}</a
>`;

const shell = (shown) => html`
  <a class="skip" href="#content">${t("Skip to the content", "Zum Inhalt")}</a>
  ${isPanel
    ? nothing
    : html`<header>
        <a class="brand" href="/" title=${t("To the chat", "Zum Gespräch")}>${brand}<span>Keiko</span></a>
        ${edged(html`<nav aria-label=${t("Pages", "Seiten")} @click=${follow}>${PAGES.filter((page) => isAdmin || !page.isForAdmins).map((page) => link(page, shown))}</nav>`)}
        <a class="button to-chat" href="/">${t("Chat", "Gespräch")}</a>
      </header>`}
  <main id="content" tabindex="-1"></main>
`;

function draw(shown) {
  render(shell(shown), frame);
  if (!isPanel) watch(frame.querySelector("nav"));
}

function follow(event) {
  const target = event.target.closest("a");
  const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) && event.button === 0;
  if (!target || !isPlain) return;
  event.preventDefault();
  if (target.getAttribute("href") !== location.pathname) history.pushState(null, "", target.href);
  show();
}

async function show() {
  const page = named(location.pathname);
  const mine = ++turn;
  close();
  close = () => {};
  document.title = `${page.label} · Keiko`;
  document.body.classList.toggle("panel", isPanel);
  draw(page);
  const root = document.createElement("div");
  root.className = `page ${page.name}`;
  document.getElementById("content").replaceChildren(root);
  const { open } = await page.load();
  if (mine !== turn) return;
  const end = (await open(root)) ?? (() => {});
  if (mine === turn) close = end;
  else end();
}

// "g" and the key of a page goes there.
let awaitsPage = false;

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const page = awaitsPage && PAGES.find(({ key }) => key === event.key);
  awaitsPage = event.key === "g" && !isPanel;
  if (!page) return;
  event.preventDefault();
  history.pushState(null, "", `/work/${page.name}`);
  show();
});

window.addEventListener("popstate", show);
show();
if (!isPanel) learnRole();

// Pages for admins have a way to them once it is known that an admin reads.
async function learnRole() {
  const { role } = await api("/me").catch(() => ({}));
  isAdmin = role === "admin";
  draw(named(location.pathname));
}
