// The form for a server of tools. Secret values are written, and never shown again.

import { api, html, live, nothing, render, t } from "./kit.js";

const WAYS = [
  ["url", t("An address", "Eine Adresse")],
  ["command", t("A command on Keiko's machine", "Ein Befehl auf Keikos Rechner")],
];

let dialog = null;
let old = null;
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
const bodyOf = ({ name, description, way, url, command, args, headers, env, timeout, shared }) => ({
  name: name.trim(),
  description: description.trim(),
  timeout_seconds: Number(timeout) || 0,
  ...(way === "url"
    ? { url: url.trim(), command: null, headers: pairs(headers) }
    : { command: command.trim(), url: null, args: args.split("\n").map((line) => line.trim()).filter(Boolean), env: pairs(env) }),
  ...(old ? {} : { shared }),
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

const ways = () => html`<fieldset class="field">
  <legend>${t("How it is reached", "Wie er erreicht wird")}</legend>
  ${WAYS.map(
    ([value, label]) => html`<label class="field inline"><input type="radio" name="way" value=${value} .checked=${live(values.way === value)} @change=${() => set("way", value)} />${label}</label>`,
  )}
</fieldset>`;
const byAddress = () => html`${line("url", t("Address", "Adresse"), "", { type: "url", placeholder: "https://example.com/mcp" })}
${lines("headers", t("Headers", "Kopfzeilen"), kept(old?.headers), "Authorization: Bearer …")}`;
const byCommand = () => html`${line("command", t("Command", "Befehl"), t("One that this Keiko's operator allows (KEIKO_MCP_COMMANDS).", "Einer, den der Betreiber dieses Keiko erlaubt (KEIKO_MCP_COMMANDS)."), { placeholder: "mcp-server-time" })}
${lines("args", t("Arguments", "Argumente"), t("One per line; no shell reads them.", "Je eine Zeile; keine Shell liest sie."), "--local-timezone\nEurope/Berlin")}
${lines("env", t("Environment", "Umgebung"), kept(old?.env), "TOKEN=…")}`;

const hasPlace = ({ field }) => Boolean(dialog?.querySelector(`[name="${field}"]`));
const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${old ? t("Edit server", "Server bearbeiten") : t("Add a server", "Server eintragen")}</h2>
  <div class="row">
    ${line("name", t("Name", "Name"), t("3 to 50 letters, digits, _ or -.", "3 bis 50 Buchstaben, Ziffern, _ oder -."))}
    ${line("timeout", t("Longest call (seconds)", "Längster Aufruf (Sekunden)"), "", { type: "number" })}
  </div>
  ${line("description", t("Description (optional)", "Beschreibung (freiwillig)"))} ${ways()} ${values.way === "url" ? byAddress() : byCommand()}
  ${old || !values.may_share
    ? nothing
    : html`<label class="field inline"><input type="checkbox" .checked=${live(values.shared)} @change=${({ target }) => set("shared", target.checked)} />${t("For everybody here", "Für alle hier")}</label>`}
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
  isSending = true;
  problem = null;
  draw();
  try {
    const server = await api(old ? `/mcp/servers/${old.id}` : "/mcp/servers", { method: old ? "PATCH" : "POST", body: bodyOf(values) });
    dialog.close();
    done(server);
  } catch (error) {
    const field = error.field === "timeout_seconds" ? "timeout" : error.field?.split(".")[0];
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

// Ask for a new server, or (`server`) for what shall be different; `kept` is told what stands then.
export async function ask(server, whenKept) {
  leave();
  old = server;
  done = whenKept;
  problem = null;
  values = {
    name: server?.name ?? "",
    description: server?.description ?? "",
    way: server?.command ? "command" : "url",
    url: server?.url ?? "",
    command: server?.command ?? "",
    args: (server?.args ?? []).join("\n"),
    headers: "",
    env: "",
    timeout: String(server?.timeout_seconds ?? 30),
    shared: false,
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
  mine.querySelector("input").focus();
  const me = server ? null : await api("/me").catch(() => null);
  if (dialog === mine && me?.role === "admin") set("may_share", true);
}
