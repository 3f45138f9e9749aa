// The form for a server of tools. Secret values are written, and never shown again.

import { api, html, live, nothing, render, t } from "./kit.js";
import { choice, providers } from "./tool-lending.js";
import { forWhom, groupsForAdmin, sharing } from "./tool-whom.js";

const WAYS = [
  ["url", t("An address", "Eine Adresse")],
  ["command", t("A command on Keiko's machine", "Ein Befehl auf Keikos Rechner")],
];

let dialog = null;
let old = null;
let asks = {}; // what a well-known server needs: words by ${NAME}
let values = {};
let problem = null;
let isSending = false;
let done = () => {};

// "NAME: value" or "NAME=value", a line each; what stands there already is kept if it is not named.
const pairs = (text) =>
  Object.fromEntries(
    text
      .split("\n")
      .map((line) => line.match(/^\s*([^:=\s]+)\s*[:=]\s*(.*?)\s*$/))
      .filter(Boolean)
      .map(([, name, value]) => [name, value]),
  );
// The text with what was said for each ${NAME} in it.
const filled = (text) => text.replace(/\$\{(\w+)\}/g, (whole, name) => (name in asks ? values[`ask-${name}`] : whole));
const filledPairs = (text) => Object.fromEntries(Object.entries(pairs(text)).map(([name, value]) => [name, filled(value)]));
const given = (client) => Object.fromEntries(Object.entries(client).filter(([, value]) => value.trim()));
const bodyOf = ({ name, description, way, url, command, args, headers, env, roots, timeout, whom, client_id, client_secret, machine, provider }) => ({
  name: name.trim(),
  description: description.trim(),
  timeout_seconds: Number(timeout) || 0,
  ...(way === "url"
    ? { url: url.trim(), command: null, headers: pairs(headers), provider: provider || null, ...(provider ? {} : { oauth: given({ client_id, client_secret }), sign_in: machine ? "machine" : "user" }) }
    : { command: command.trim(), url: null, args: args.split("\n").map((line) => filled(line.trim())).filter(Boolean), env: filledPairs(env), roots: roots.split("\n").map((line) => line.trim()).filter(Boolean) }),
  ...(old ? {} : sharing(whom)),
});

const complaint = (name) => (problem?.field === name ? html`<p class="problem" id="server-${name}-problem" role="alert">${problem.message}</p>` : nothing);
const set = (name, value) => {
  values = { ...values, [name]: value };
  draw();
};
const shell = (name, label, control, hint) => html`<div class="field">
  <label for="server-${name}">${label}</label>
  ${control} ${complaint(name)} ${hint ? html`<small id="server-${name}-hint">${hint}</small>` : nothing}
</div>`;
const told = (name, hint) => [hint && `server-${name}-hint`, problem?.field === name && `server-${name}-problem`].filter(Boolean).join(" ") || nothing;
const line = (name, label, hint, more = {}) =>
  shell(
    name,
    label,
    html`<input id="server-${name}" name=${name} type=${more.type ?? "text"} autocomplete="off" placeholder=${more.placeholder ?? nothing} aria-invalid=${problem?.field === name ? "true" : nothing}
      aria-describedby=${told(name, hint)} .value=${live(values[name])} @input=${({ target }) => set(name, target.value)} />`,
    hint,
  );
const lines = (name, label, hint, placeholder) =>
  shell(
    name,
    label,
    html`<textarea id="server-${name}" name=${name} rows="2" spellcheck="false" placeholder=${placeholder} aria-invalid=${problem?.field === name ? "true" : nothing}
      aria-describedby=${told(name, hint)} .value=${live(values[name])} @input=${({ target }) => set(name, target.value)}></textarea>`,
    hint,
  );
const kept = (names) => {
  const known = Object.keys(names ?? {});
  const rule = t("One per line. They are sealed and never shown again.", "Je eine Zeile. Sie werden versiegelt und nie wieder gezeigt.");
  return known.length ? `${rule} ${t("Set already:", "Schon gesetzt:")} ${known.join(", ")}.` : rule;
};

const known = (name) => (old?.oauth?.[name] ? t("Set already; leave it empty to keep it.", "Schon gesetzt; leer lassen, um es zu behalten.") : "");

const ways = () => html`<fieldset class="field">
  <legend>${t("How it is reached", "Wie er erreicht wird")}</legend>
  ${WAYS.map(
    ([value, label]) => html`<label class="field inline"><input type="radio" name="way" value=${value} .checked=${live(values.way === value)} @change=${() => set("way", value)} />${label}</label>`,
  )}
</fieldset>`;
const byAddress = () => html`${line("url", t("Address", "Adresse"), "", { type: "url", placeholder: "https://example.com/mcp" })}
${lines("headers", t("Headers", "Kopfzeilen"), kept(old?.headers), "Authorization: Bearer …")}
${choice(values.provider, values.providers, complaint("provider"), (name) => set("provider", name))}
<details class="field" ?hidden=${Boolean(values.provider)} ?open=${Boolean(values.machine || Object.keys(old?.oauth ?? {}).length || problem?.field?.startsWith("client_"))}>
  <summary>${t("If Keiko must be registered where people sign in", "Wenn Keiko dort eingetragen sein muss, wo man sich anmeldet")}</summary>
  <p class="small">
    ${t("Most servers need none of this. The redirect address to register:", "Die meisten Server brauchen nichts davon. Einzutragende Rücksprungadresse:")}
    <code>${location.origin}/oauth/mcp/callback</code>
  </p>
  ${line("client_id", "Client-Id", known("client_id"))} ${line("client_secret", t("Client secret", "Client-Geheimnis"), known("client_secret"), { type: "password" })}
  <label class="field inline"><input type="checkbox" .checked=${live(values.machine)} @change=${({ target }) => set("machine", target.checked)} />${t("Keiko signs in by itself, without a person", "Keiko meldet sich selbst an, ohne einen Menschen")}</label>
</details>`;
const byCommand = () => html`${line("command", t("Command", "Befehl"), t("One that this Keiko's operator allows (KEIKO_MCP_COMMANDS).", "Einer, den der Betreiber dieses Keiko erlaubt (KEIKO_MCP_COMMANDS)."), { placeholder: "mcp-server-time" })}
${lines("args", t("Arguments", "Argumente"), t("One per line; no shell reads them.", "Je eine Zeile; keine Shell liest sie."), "--local-timezone\nEurope/Berlin")}
${lines("env", t("Environment", "Umgebung"), kept(old?.env), "TOKEN=…")}
${lines("roots", t("Folders it is told of (optional)", "Ordner, von denen er erfährt (freiwillig)"), t("One per line, as the operator allows (KEIKO_MCP_ROOTS).", "Je eine Zeile, wie der Betreiber erlaubt (KEIKO_MCP_ROOTS)."), "/srv/documents")}`;

const hasPlace = ({ field }) => Boolean(dialog?.querySelector(`[name="${field}"]`));
const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${old ? t("Edit server", "Server bearbeiten") : t("Add a server", "Server eintragen")}</h2>
  <div class="row">
    ${line("name", t("Name", "Name"), t("3 to 50 letters, digits, _ or -.", "3 bis 50 Buchstaben, Ziffern, _ oder -."))}
    ${line("timeout", t("Longest call (seconds)", "Längster Aufruf (Sekunden)"), "", { type: "number" })}
  </div>
  ${Object.entries(asks).map(([name, words]) => line(`ask-${name}`, name, words))}
  ${line("description", t("Description (optional)", "Beschreibung (freiwillig)"))} ${ways()} ${values.way === "url" ? byAddress() : byCommand()}
  ${old || !values.may_share
    ? nothing
    : forWhom(values.whom, values.groups, (whom) => set("whom", whom))}
  ${problem && !hasPlace(problem) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  <div class="actions">
    <button class="button primary" type="submit" aria-disabled=${isSending}>${old ? t("Save", "Speichern") : t("Add", "Eintragen")}</button>
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

function draw() {
  if (dialog) render(form(), dialog);
}

async function send(event) {
  event.preventDefault();
  if (isSending) return;
  const open = Object.keys(asks).find((name) => !values[`ask-${name}`].trim());
  if (open) {
    problem = { message: t("Say it, or the server cannot work.", "Sag es, sonst kann der Server nicht arbeiten."), field: `ask-${open}` };
    draw();
    return dialog.querySelector(`[name="ask-${open}"]`).focus();
  }
  isSending = true;
  problem = null;
  draw();
  try {
    const server = await api(old ? `/mcp/servers/${old.id}` : "/mcp/servers", { method: old ? "PATCH" : "POST", body: bodyOf(values) });
    dialog.close();
    done(server);
  } catch (error) {
    const [first, second] = error.field?.split(".") ?? [];
    const field = { timeout_seconds: "timeout", oauth: second }[first] ?? first;
    problem = { message: error.message, field };
    draw();
    dialog.querySelector(`[name="${field}"]`)?.focus();
  } finally {
    isSending = false;
    draw();
  }
}

// Close the form, if it is open.
export function leave() {
  dialog?.close();
}

// Ask for a new server, or (`server`) for what shall be different; `whenKept` is told what stands
// then. A `known` one of the catalogue fills the form of a new server.
export async function ask(server, whenKept, known = null) {
  leave();
  old = server;
  done = whenKept;
  problem = null;
  const start = server ?? known;
  asks = known?.asks ?? {};
  values = {
    name: start?.name ?? "",
    description: server?.description ?? known?.does ?? "",
    way: start?.command ? "command" : "url",
    url: server?.url ?? "",
    command: start?.command ?? "",
    args: (start?.args ?? []).join("\n"),
    headers: "",
    roots: (server?.roots ?? []).join("\n"),
    client_id: "",
    client_secret: "",
    machine: server?.sign_in === "machine",
    provider: server?.provider ?? "",
    providers: [],
    env: Object.entries(known?.env ?? {}).map((pair) => pair.join("=")).join("\n"),
    ...Object.fromEntries(Object.keys(asks).map((name) => [`ask-${name}`, ""])),
    timeout: String(server?.timeout_seconds ?? 30),
    whom: "",
    groups: [],
    may_share: false,
  };
  const mine = document.createElement("dialog");
  dialog = mine;
  mine.className = "card dialog";
  mine.setAttribute("aria-label", server ? t("Edit server", "Server bearbeiten") : t("Add a server", "Server eintragen"));
  mine.onclose = () => {
    mine.remove();
    if (dialog === mine) dialog = null;
  };
  document.body.append(mine);
  draw();
  mine.showModal();
  (mine.querySelector('[name^="ask-"]') ?? mine.querySelector("input")).focus();
  const [groups, trusted] = await Promise.all([server ? null : groupsForAdmin(), providers()]);
  if (dialog !== mine) return;
  set("providers", trusted);
  if (groups) {
    values.groups = groups;
    set("may_share", true);
  }
}
