// The page "Tools": the servers that offer tools, how they stand, and what their tools may do.

import { api, confirm, html, newest, nothing, render, repeat, t, toast, when } from "./kit.js";
import { isSeen, listen } from "./list.js";
import { rules } from "./tool-rules.js";
import * as catalogue from "./tool-catalogue.js";
import * as files from "./tool-import.js";
import { details } from "./tool-details.js";
import { ask, leave } from "./tool-server-form.js";
import { askedFor } from "./tool-lending.js";
import * as account from "./tool-sign-in.js";

const AT_ONCE = 50;
const LOOK_AGAIN = 10_000; // ms; how a server stands is told by no event
const BADGES = {
  connected: ["good", t("Connected", "Verbunden")],
  unknown: ["", t("Not tried yet", "Noch nicht versucht")],
  away: ["warn", t("Away", "Nicht da")],
  refused: ["bad", t("Refused", "Abgewiesen")],
  sign_in: ["warn", t("Wants a sign-in", "Will eine Anmeldung")],
};
const OFF = ["", t("Switched off", "Ausgeschaltet")];

export async function open(root) {
  let items = null;
  let cursor = null;
  let problem = null;
  let isClosed = false;
  const trials = new Map(); // id → {isUnderWay} or {sentence, reached}
  const opened = new Map(); // id → what the details of a server show
  const rulesHere = rules(() => draw());

  const load = newest(
    () => api(`/mcp/servers?limit=${AT_ONCE}`),
    (answer) => {
      problem = answer.problem;
      if (answer.found) ({ items, next_cursor: cursor } = answer.found);
      items?.forEach((server) => opened.get(server.id)?.load(server));
      draw();
    },
  );
  const more = async () => {
    try {
      const page = await api(`/mcp/servers?limit=${AT_ONCE}&after=${encodeURIComponent(cursor)}`);
      const known = new Set(items.map(({ id }) => id));
      items.push(...page.items.filter(({ id }) => !known.has(id)));
      cursor = page.next_cursor;
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };

  // What can be done

  const attempt = async (path, options) => {
    try {
      return await api(path, options);
    } catch (error) {
      toast(error.message, "problem");
      return null;
    } finally {
      await load();
    }
  };
  const turn = (server, verb) => attempt(`/mcp/servers/${server.id}/${verb}`, { method: "POST" });
  const test = async (server) => {
    trials.set(server.id, { isUnderWay: true });
    draw();
    const found = await attempt(`/mcp/servers/${server.id}/test`, { method: "POST" });
    if (found) trials.set(server.id, found);
    else trials.delete(server.id);
    draw();
  };
  const unfold = (server) => {
    if (!opened.delete(server.id)) {
      opened.set(server.id, details(server.id, () => draw()));
      opened.get(server.id).load(server);
    }
    draw();
  };
  const remove = async (server) => {
    const text = t(
      `Remove “${server.name}”? Its secrets are forgotten for good; what was done with it stays on record.`,
      `„${server.name}“ entfernen? Seine Geheimnisse sind dann endgültig vergessen; was damit getan wurde, bleibt verzeichnet.`,
    );
    if (await confirm(text, { yes: t("Remove it", "Entfernen"), no: t("Keep it", "Behalten") })) {
      await attempt(`/mcp/servers/${server.id}`, { method: "DELETE" });
    }
  };
  const seek = async (id) => {
    await load();
    root.querySelector(`[data-server="${id}"]`)?.focus();
  };
  const edit = (server, known = null) =>
    ask(
      server,
      ({ id }) => {
        toast(server ? t("Saved", "Gespeichert") : t("The server is registered.", "Der Server ist eingetragen."));
        seek(id);
      },
      known,
    );
  const choose = () => catalogue.choose((known) => edit(null, known));
  const bring = () =>
    files.ask((servers) => {
      toast(servers.length === 1 ? t("1 server is registered.", "1 Server ist eingetragen.") : t(`${servers.length} servers are registered.`, `${servers.length} Server sind eingetragen.`));
      seek(servers[0].id);
    });

  // What is shown

  const fact = (label, value) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const facts = ({ tools, numbers, checked_at }) => html`<dl class="facts small">
    ${fact(t("Tools", "Werkzeuge"), tools.length)} ${fact(t("Calls in 7 days", "Aufrufe in 7 Tagen"), numbers.calls)}
    ${numbers.calls ? fact(t("Failed", "Fehlgeschlagen"), `${Math.round((100 * numbers.errors) / numbers.calls)} %`) : nothing}
    ${numbers.mean_milliseconds === null ? nothing : fact(t("Takes", "Dauert"), t(`${numbers.mean_milliseconds} ms, 19 of 20 up to ${numbers.p95_milliseconds} ms`, `${numbers.mean_milliseconds} ms, 19 von 20 bis ${numbers.p95_milliseconds} ms`))}
    ${checked_at ? fact(t("Looked at", "Angesehen"), when(checked_at)) : nothing}
  </dl>`;
  const trial = ({ id }) => {
    const found = trials.get(id);
    if (!found) return nothing;
    if (found.isUnderWay) return html`<p class="small" role="status">${t("Trying to reach it …", "Versuche, ihn zu erreichen …")}</p>`;
    return html`<p class=${found.reached || found.wants_sign_in ? "small" : "problem"} role="status">${found.sentence}</p>`;
  };
  const row = (server) => {
    const [kind, label] = server.enabled ? (account.badge(server) ?? BADGES[server.state]) : OFF;
    const button = (text, press, style = "button small") =>
      html`<button class=${style} type="button" aria-label=${`${text}: ${server.name}`} @click=${press}>${text}</button>`;
    return html`<li class="card server" tabindex="-1" data-server=${server.id}>
      <div class="what">
        <h2>${server.name}</h2>
        ${server.group ? html`<span class="badge">${t(`for ${server.group}`, `für ${server.group}`)}</span>` : server.shared ? html`<span class="badge">${t("for everybody", "für alle")}</span>` : nothing}
        <span class="badge ${kind}">${label}</span>
      </div>
      ${server.description ? html`<p class="small">${server.description}</p>` : nothing}
      ${server.state_text && server.enabled && !account.isStale(server) ? html`<p class="small">${server.state_text}</p>` : nothing}
      ${account.standing(server)} ${facts(server)} ${trial(server)}
      <div class="actions">
        ${account.buttons(server, button, load)}
        <button class="button small" type="button" aria-expanded=${opened.has(server.id)} aria-controls="about-${server.id}" aria-label=${`${t("Details", "Einzelheiten")}: ${server.name}`} @click=${() => unfold(server)}>
          ${opened.has(server.id) ? t("Fewer details", "Weniger") : t("Details", "Einzelheiten")}
        </button>
        ${server.may_change
          ? html`${button(t("Test", "Testen"), () => test(server))}
            ${server.enabled
              ? button(t("Switch off", "Ausschalten"), () => turn(server, "disable"))
              : button(t("Switch on", "Einschalten"), () => turn(server, "enable"), "button small primary")}
            ${server.enabled && server.health && server.health.breaker !== "closed" && !opened.has(server.id) ? button(t("Try again now", "Jetzt wieder versuchen"), () => turn(server, "reset")) : nothing}
            ${button(t("Edit", "Bearbeiten"), () => edit(server))} ${button(t("Remove", "Entfernen"), () => remove(server), "button small danger")}`
          : nothing}
      </div>
      ${opened.has(server.id) ? opened.get(server.id).view(server, server.may_change ? button(t("Try again now", "Jetzt wieder versuchen"), () => turn(server, "reset")) : nothing) : nothing}
    </li>`;
  };
  const list = () => {
    if (items === null) return html`<p class="quiet" role="status">${problem ? "" : t("One moment …", "Einen Moment …")}</p>`;
    if (!items.length)
      return html`<div class="empty">
        <h2>${t("No servers yet", "Noch keine Server")}</h2>
        <p>${t("A server gives Keiko tools: a calendar, a repository, a folder. Keiko's own tools are always there.", "Ein Server gibt Keiko Werkzeuge: einen Kalender, ein Repository, einen Ordner. Keikos eigene sind immer da.")}</p>
      </div>`;
    return html`<ul class="list">
        ${repeat(items, ({ id }) => id, row)}
      </ul>
      ${cursor ? html`<p class="more"><button class="button" type="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button></p>` : nothing}`;
  };
  function draw() {
    if (isClosed) return;
    render(
      html`<div class="heading">
          <h1>${t("Tools", "Werkzeuge")}</h1>
          <button class="button primary" type="button" @click=${() => edit(null)}>${t("Add a server", "Server eintragen")}</button>
        </div>
        <div class="toolbar">
          <button class="button small" type="button" @click=${choose}>${t("Well-known servers", "Bekannte Server")}</button>
          <button class="button small" type="button" @click=${bring}>${t("Import", "Importieren")}</button>
          ${items?.length ? html`<button class="button small" type="button" @click=${files.download}>${t("Export without secrets", "Ohne Geheimnisse exportieren")}</button>` : nothing}
        </div>
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing} ${list()} ${rulesHere.view()}`,
      root,
    );
  }

  const looks = setInterval(() => isSeen() && load(), LOOK_AGAIN);
  const hear = (type) => type === "connected" && load();
  const unlisten = listen(root, { rows: ".server", keys: { n: () => edit(null) }, hear, look: load });
  draw();
  await Promise.all([load(), rulesHere.load()]);
  askedFor();

  return () => {
    isClosed = true;
    clearInterval(looks);
    leave();
    catalogue.leave();
    files.leave();
    unlisten();
  };
}
