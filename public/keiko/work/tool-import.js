// Servers from a file, and into one: the `mcpServers` form of other assistants.

import { api, html, live, newest, nothing, render, t, toast } from "./kit.js";
import { forWhom, groupsForAdmin, sharing } from "./tool-whom.js";

const PAUSE = 250; // ms after the last letter, before the file is looked at
const SAMPLE = '{"mcpServers": {"clock": {"command": "uvx", "args": ["mcp-server-time"]}}}';

let dialog = null;
let text = "";
let file = null; // what the text says, if it can be read
let found = []; // what the product says of each of its servers
let left = new Set(); // names that shall not be added
let values = {};
let problem = null;
let whom = "";
let groups = [];
let mayShare = false;
let isSending = false;
let timer = 0;
let done = () => {};

const fits = (one) => !one.problem && !left.has(one.name);
const chosen = () => found.filter(fits);
const wanted = () => [...new Set(chosen().flatMap(({ wants }) => wants))];
const all = () => [...new Set(found.filter((one) => !one.problem).flatMap(({ wants }) => wants))];

const preview = newest(
  () => api("/mcp/import/preview", { method: "POST", body: { file } }),
  (answer) => {
    problem = answer.problem;
    found = answer.found ?? [];
    draw();
  },
);

function read() {
  problem = null;
  found = [];
  file = null;
  if (!text.trim()) return draw();
  try {
    file = JSON.parse(text);
  } catch (error) {
    problem = { message: t(`This is not JSON yet: ${error.message}.`, `Das ist noch kein JSON: ${error.message}.`) };
  }
  draw();
  if (file && typeof file === "object" && !Array.isArray(file)) preview();
  else problem ??= { message: t("A file of servers begins with {\"mcpServers\": …", "Eine Datei mit Servern beginnt mit {\"mcpServers\": …") };
  draw();
}
function write(value) {
  text = value;
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE);
}
async function take(event) {
  const [given] = event.target.files;
  if (!given) return;
  text = await given.text();
  left = new Set();
  values = {};
  read();
}
function turn(name, isWanted) {
  left = new Set(left);
  if (isWanted) left.delete(name);
  else left.add(name);
  draw();
}

// The servers that were chosen, without what means nothing to Keiko.
function cleaned() {
  const entry = ({ name, unknown }) => Object.fromEntries(Object.entries(file.mcpServers[name]).filter(([word]) => !unknown.includes(word)));
  return { mcpServers: Object.fromEntries(chosen().map((one) => [one.name, entry(one)])) };
}
async function send(event) {
  event.preventDefault();
  const open = wanted().find((name) => !values[name]);
  if (open) {
    dialog.querySelector(`[name="value-${open}"]`)?.focus();
    problem = { message: t(`Say what stands for \${${open}}.`, `Sag, was für \${${open}} steht.`), field: `value-${open}` };
    return draw();
  }
  if (isSending || !chosen().length) return;
  isSending = true;
  draw();
  try {
    const body = { file: cleaned(), values: Object.fromEntries(wanted().map((name) => [name, values[name]])), ...sharing(whom) };
    const { servers } = await api("/mcp/import", { method: "POST", body });
    if (servers.length) {
      dialog.close();
      done(servers);
    } else await preview(); // another has been registered by that name meanwhile
  } catch (error) {
    problem = error;
  } finally {
    isSending = false;
    draw();
  }
}

const row = (one) => html`<li>
  <div>
    <h3>
      ${one.problem
        ? one.name
        : html`<label class="field inline"><input type="checkbox" .checked=${live(fits(one))} @change=${({ target }) => turn(one.name, target.checked)} />${one.name}</label>`}
      ${one.disabled && !one.problem ? html`<span class="badge">${t("switched off", "ausgeschaltet")}</span>` : nothing}
    </h3>
    ${one.description ? html`<p class="small">${one.description}</p>` : nothing} ${one.reached_by ? html`<p><code>${one.reached_by}</code></p>` : nothing}
    ${one.problem ? html`<p class="small wrong">${t("Not added:", "Kommt nicht dazu:")} ${one.problem}</p>` : nothing}
    ${one.unknown.length && !one.problem ? html`<p class="small">${t("Left out, for Keiko knows no such thing:", "Weggelassen, weil Keiko das nicht kennt:")} ${one.unknown.join(", ")}</p>` : nothing}
  </div>
</li>`;
const value = (name) => html`<div class="field">
  <label for="value-${name}"><code>\${${name}}</code></label>
  <input id="value-${name}" name="value-${name}" type="password" autocomplete="off" aria-invalid=${problem?.field === `value-${name}` ? "true" : nothing} .value=${live(values[name] ?? "")}
    @input=${({ target }) => ((values = { ...values, [name]: target.value }), draw())} />
</div>`;
const toAdd = () => {
  const count = chosen().length;
  return count === 1 ? t("Add 1 server", "1 Server eintragen") : t(`Add ${count} servers`, `${count} Server eintragen`);
};

const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${t("Import servers", "Server importieren")}</h2>
  <div class="field">
    <label for="import-text">${t("Paste an mcpServers file, as other assistants have it", "Füge eine mcpServers-Datei ein, wie andere Assistenten sie haben")}</label>
    <textarea id="import-text" class="paste" spellcheck="false" placeholder=${SAMPLE} .value=${live(text)} @input=${({ target }) => write(target.value)}></textarea>
  </div>
  <div class="field">
    <label for="import-file">${t("or choose the file", "oder wähle die Datei")}</label>
    <input id="import-file" type="file" accept=".json,application/json" @change=${take} />
  </div>
  ${found.length ? html`<ul class="picks" aria-label=${t("What the file holds", "Was die Datei enthält")}>${found.map(row)}</ul>` : nothing}
  ${all().length
    ? html`<p class="small">${t("The file leaves these open; what you write is sealed, and never shown again.", "Das lässt die Datei offen; was du schreibst, wird versiegelt und nie wieder gezeigt.")}</p>
        ${all().map(value)}`
    : nothing}
  ${mayShare
    ? forWhom(whom, groups, (chosen) => (whom = chosen))
    : nothing}
  ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  <div class="actions">
    ${chosen().length ? html`<button class="button primary" type="submit" aria-disabled=${isSending}>${toAdd()}</button>` : nothing}
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

function draw() {
  if (dialog) render(form(), dialog);
}

// Close the dialog, if it is open.
export function leave() {
  clearTimeout(timer);
  dialog?.close();
}

// Ask for a file; `whenAdded` is told which servers are there now.
export async function ask(whenAdded) {
  leave();
  [text, file, found, left, values, problem, whom, groups, mayShare, done] = ["", null, [], new Set(), {}, null, "", [], false, whenAdded];
  const mine = Object.assign(document.createElement("dialog"), { className: "card dialog" });
  dialog = mine;
  mine.setAttribute("aria-label", t("Import servers", "Server importieren"));
  mine.onclose = () => {
    mine.remove();
    if (dialog === mine) dialog = null;
  };
  document.body.append(mine);
  draw();
  mine.showModal();
  mine.querySelector("textarea").focus();
  const known = await groupsForAdmin();
  if (dialog === mine && known) {
    [groups, mayShare] = [known, true];
    draw();
  }
}

// Save the servers as such a file.
export async function download() {
  let servers;
  try {
    servers = await api("/mcp/export");
  } catch (error) {
    return toast(error.message, "problem");
  }
  const address = URL.createObjectURL(new Blob([JSON.stringify(servers, null, 2), "\n"], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: address, download: "mcp-servers.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  toast(t("Saved as mcp-servers.json, without secrets: ${NAME} stands for each.", "Gespeichert als mcp-servers.json, ohne Geheimnisse: Für jedes steht ${NAME}."));
}
