// The page "Record": what is on record, found by filters, and whether it is whole. For admins.

import { api, html, isGerman, nothing, render, repeat, t, when } from "./kit.js";
import { sealCard } from "./record-seal.js";
import { KINDS, OUTCOMES, gistOf, nameOf } from "./record-words.js";

const PAUSE = 300; // ms, while somebody types
const full = new Intl.DateTimeFormat(isGerman ? "de-DE" : "en-GB", { dateStyle: "medium", timeStyle: "medium" });

const asked = { kind: "", user: "", outcome: "", address: "", since: "", until: "" };

// The filters as the query of the REST face.
function query() {
  const words = new URLSearchParams();
  for (const type of asked.kind.split(" ").filter(Boolean)) words.append("type", type);
  for (const name of ["user", "outcome", "address"]) if (asked[name].trim()) words.set(name, asked[name].trim());
  if (asked.since) words.set("since", new Date(`${asked.since}T00:00`).toISOString());
  if (asked.until) words.set("until", new Date(new Date(`${asked.until}T00:00`).getTime() + 86_400_000).toISOString());
  return words;
}

const fact = (label, value) => (value ? html`<div><dt>${label}</dt><dd>${value}</dd></div>` : nothing);

// What a detail says, as text: nothing for what is empty.
const said = (value) => (value === null || value === "" ? null : typeof value === "object" ? JSON.stringify(value) : String(value));

const who = (entry) => entry.actor ?? entry.username ?? t("Keiko", "Keiko");

const facts = (entry) => html`<dl class="entry-facts">
  ${fact(t("Kind", "Art"), html`<code>${entry.type}</code>`)} ${fact(t("When", "Wann"), full.format(new Date(entry.occurred_at)))}
  ${fact(t("Concerns", "Betrifft"), entry.username ?? entry.user_id)} ${fact(t("Done by", "Getan von"), entry.actor ?? entry.actor_id)}
  ${fact(t("Address", "Adresse"), entry.address)} ${fact(t("Browser or program", "Browser oder Programm"), entry.agent)}
  ${fact(t("About", "Gegenstand"), entry.subject_id)} ${fact(t("Session", "Sitzung"), entry.session_id)} ${fact(t("API key", "API-Schlüssel"), entry.key_id)}
  ${Object.entries(entry.details).map(([name, value]) => fact(html`<code>${name}</code>`, said(value)))}
</dl>`;

const row = (entry) => {
  const [colour, label] = OUTCOMES[entry.outcome] ?? ["", entry.outcome];
  return html`<li class="card entry">
    <details>
      <summary>
        <span class="badge ${colour}">${label}</span>
        <span class="entry-what"><strong>${nameOf(entry.type)}</strong> <span class="small">${gistOf(entry)}</span></span>
        <span class="entry-who small">${who(entry)}${entry.address ? ` · ${entry.address}` : ""}</span>
        <time class="small" datetime=${entry.occurred_at}>${when(entry.occurred_at)}</time>
      </summary>
      ${facts(entry)}
    </details>
  </li>`;
};

const notForThem = html`<h1 tabindex="-1">${t("Record", "Protokoll")}</h1>
  <p class="problem" role="alert">${t("The record is for administrators.", "Das Protokoll ist für Administratoren.")}</p>`;

export async function open(root) {
  let [items, next, problem, timer, turn, isClosed] = [null, null, null, 0, 0, false];
  const draw = () => isClosed || render(view(), root);
  const seal = sealCard(draw);

  const load = async (after = null) => {
    const mine = ++turn;
    const words = query();
    if (after) words.set("after", after);
    try {
      const page = await api(`/audit?${words}`);
      if (mine !== turn) return;
      [items, next, problem] = [after ? [...items, ...page.items] : page.items, page.next_cursor, null];
    } catch (error) {
      if (mine !== turn) return;
      problem = error.message;
    }
    draw();
  };
  const change = (name) => (event) => {
    asked[name] = event.target.value;
    clearTimeout(timer);
    timer = setTimeout(load, event.type === "input" ? PAUSE : 0);
    draw();
  };
  const field = (name, label, type = "search") => html`<div class="field">
    <label for="record-${name}">${label}</label>
    <input id="record-${name}" type=${type} maxlength="64" autocomplete="off" .value=${asked[name]} @input=${change(name)} />
  </div>`;
  const choice = (name, label, options) => html`<div class="field">
    <label for="record-${name}">${label}</label>
    <select id="record-${name}" @change=${change(name)}>
      ${options.map(([value, text]) => html`<option value=${value} ?selected=${asked[name] === value}>${text}</option>`)}
    </select>
  </div>`;
  const filters = () => html`<form class="record-filters" role="search" aria-label=${t("Filters", "Filter")} @submit=${(event) => event.preventDefault()}>
    ${choice("kind", t("What", "Was"), KINDS)} ${field("user", t("Who", "Wer"))}
    ${choice("outcome", t("Outcome", "Ausgang"), [["", t("Any", "Jeder")], ...Object.entries(OUTCOMES).map(([value, [, text]]) => [value, text])])}
    ${field("address", t("Address", "Adresse"))} ${field("since", t("From", "Von"), "date")} ${field("until", t("To", "Bis"), "date")}
  </form>`;
  const list = () => {
    if (items === null) return html`<p class="quiet" role="status">${problem ? "" : t("One moment …", "Einen Moment …")}</p>`;
    if (!items.length) return html`<div class="empty"><h2>${t("Nothing found", "Nichts gefunden")}</h2><p>${t("There is no entry like that.", "So einen Eintrag gibt es nicht.")}</p></div>`;
    return html`<ul class="list record-list" aria-label=${t("Entries", "Einträge")}>
        ${repeat(items, ({ id }) => id, row)}
      </ul>
      ${next ? html`<p class="more"><button class="button" type="button" @click=${() => load(next)}>${t("Show more", "Mehr zeigen")}</button></p>` : nothing}`;
  };
  const away = (format) => `/api/v1/audit/export?${new URLSearchParams([...query(), ["format", format]])}`;
  const view = () => html`
    <div class="heading">
      <h1 tabindex="-1">${t("Record", "Protokoll")}</h1>
      <div class="actions">
        <a class="button" href=${away("jsonl")} download>${t("Export", "Exportieren")}</a>
        <a class="button" href=${away("ocsf")} download>OCSF</a>
      </div>
    </div>
    ${seal.view()} ${filters()} ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing} ${list()}
  `;

  const { role } = await api("/me").catch(() => ({}));
  if (isClosed) return;
  if (role === "admin") {
    draw();
    await Promise.all([load(), seal.load()]);
  } else render(notForThem, root);
  return () => {
    isClosed = true;
    clearTimeout(timer);
    seal.stop();
  };
}
