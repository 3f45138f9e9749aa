// The page "Tools": the servers that offer tools, how they stand, and what their tools may do.

import { api, confirm, html, newest, nothing, render, repeat, t, toast, when } from "./kit.js";
import { isSeen, listen } from "./list.js";
import { rules } from "./tool-rules.js";
import { ask, leave } from "./tool-server-form.js";

const AT_ONCE = 50;
const LOOK_AGAIN = 10_000; // ms; how a server stands is told by no event
const BADGES = {
  connected: ["good", t("Connected", "Verbunden")],
  unknown: ["", t("Not tried yet", "Noch nicht versucht")],
  away: ["warn", t("Away", "Nicht da")],
  refused: ["bad", t("Refused", "Abgewiesen")],
};
const OFF = ["", t("Switched off", "Ausgeschaltet")];

export async function open(root) {
  let items = null;
  let cursor = null;
  let problem = null;
  let isClosed = false;
  const trials = new Map(); // id → {isUnderWay} or {sentence, reached}
  const rulesHere = rules(() => draw());

  const load = newest(
    () => api(`/mcp/servers?limit=${AT_ONCE}`),
    (answer) => {
      problem = answer.problem;
      if (answer.found) ({ items, next_cursor: cursor } = answer.found);
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
  const remove = async (server) => {
    const text = t(
      `Remove “${server.name}”? Its secrets are forgotten for good; what was done with it stays on record.`,
      `„${server.name}“ entfernen? Seine Geheimnisse sind dann endgültig vergessen; was damit getan wurde, bleibt verzeichnet.`,
    );
    if (await confirm(text, { yes: t("Remove it", "Entfernen"), no: t("Keep it", "Behalten") })) {
      await attempt(`/mcp/servers/${server.id}`, { method: "DELETE" });
    }
  };
  const edit = (server) =>
    ask(server, async ({ id }) => {
      toast(server ? t("Saved", "Gespeichert") : t("The server is registered.", "Der Server ist eingetragen."));
      await load();
      root.querySelector(`[data-server="${id}"]`)?.focus();
    });

  // What is shown

  const fact = (label, value) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const facts = ({ tools, numbers, checked_at }) => html`<dl class="facts small">
    ${fact(t("Tools", "Werkzeuge"), tools.length)} ${fact(t("Calls in 7 days", "Aufrufe in 7 Tagen"), numbers.calls)}
    ${numbers.calls ? fact(t("Failed", "Fehlgeschlagen"), `${Math.round((100 * numbers.errors) / numbers.calls)} %`) : nothing}
    ${numbers.mean_milliseconds === null ? nothing : fact(t("Takes", "Dauert"), `${numbers.mean_milliseconds} ms`)}
    ${checked_at ? fact(t("Looked at", "Angesehen"), when(checked_at)) : nothing}
  </dl>`;
  const offered = ({ tools }) =>
    tools.length
      ? html`<details class="offered">
          <summary>${t("What it offers", "Was er anbietet")}</summary>
          <ul>
            ${tools.map(
              (tool) => html`<li>
                <code>${tool.name}</code> ${tool.read_only ? html`<span class="badge">${t("only reads", "liest nur")}</span>` : nothing}
                <span class="small">${tool.description}</span>
              </li>`,
            )}
          </ul>
        </details>`
      : nothing;
  const trial = ({ id }) => {
    const found = trials.get(id);
    if (!found) return nothing;
    if (found.isUnderWay) return html`<p class="small" role="status">${t("Trying to reach it …", "Versuche, ihn zu erreichen …")}</p>`;
    return html`<p class=${found.reached ? "small" : "problem"} role="status">${found.sentence}</p>`;
  };
  const row = (server) => {
    const [kind, label] = server.enabled ? BADGES[server.state] : OFF;
    const button = (text, press, style = "button small") =>
      html`<button class=${style} type="button" aria-label=${`${text}: ${server.name}`} @click=${press}>${text}</button>`;
    return html`<li class="card server" tabindex="-1" data-server=${server.id}>
      <div class="what">
        <h2>${server.name}</h2>
        ${server.shared ? html`<span class="badge">${t("for everybody", "für alle")}</span>` : nothing}
        <span class="badge ${kind}">${label}</span>
      </div>
      ${server.description ? html`<p class="small">${server.description}</p>` : nothing}
      ${server.state_text && server.enabled ? html`<p class="small">${server.state_text}</p>` : nothing}
      ${facts(server)} ${offered(server)} ${trial(server)}
      ${server.may_change
        ? html`<div class="actions">
            ${button(t("Test", "Testen"), () => test(server))}
            ${server.enabled
              ? button(t("Switch off", "Ausschalten"), () => turn(server, "disable"))
              : button(t("Switch on", "Einschalten"), () => turn(server, "enable"), "button small primary")}
            ${server.health && server.health.state !== "closed" ? button(t("Try again now", "Jetzt wieder versuchen"), () => turn(server, "reset")) : nothing}
            ${button(t("Edit", "Bearbeiten"), () => edit(server))} ${button(t("Remove", "Entfernen"), () => remove(server), "button small danger")}
          </div>`
        : nothing}
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
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing} ${list()} ${rulesHere.view()}`,
      root,
    );
  }

  const looks = setInterval(() => isSeen() && load(), LOOK_AGAIN);
  const hear = (type) => type === "connected" && load();
  const unlisten = listen(root, { rows: ".server", keys: { n: () => edit(null) }, hear, look: load });
  draw();
  await Promise.all([load(), rulesHere.load()]);

  return () => {
    isClosed = true;
    clearInterval(looks);
    leave();
    unlisten();
  };
}
