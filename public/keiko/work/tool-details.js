// All about one server of tools: what it offers, how it does, what was called, what it wrote.

import { api, html, newest, nothing, repeat, t, toast, when } from "./kit.js";

const AT_ONCE = 20;
const MAY = {
  allow: ["good", t("without asking", "ohne Frage")],
  ask: ["", t("asks first", "fragt vorher")],
  deny: ["bad", t("never used", "nie benutzt")],
};
const CAME = {
  completed: ["good", t("Done", "Erledigt")],
  failed: ["bad", t("Failed", "Fehlgeschlagen")],
  started: ["busy", t("Under way", "Läuft")],
  allowed: ["", t("Waits", "Wartet")],
};

const milliseconds = (count) => (count === null ? "–" : count < 10_000 ? `${count}\u202fms` : `${Math.round(count / 1000)}\u202fs`);
const size = (bytes) => (bytes === null ? "–" : bytes < 2000 ? `${bytes}\u202fB` : `${Math.round(bytes / 1000)}\u202fkB`);

export function details(id, draw) {
  let tools = null;
  let calls = null;
  let cursor = null;
  let lines = null; // null while, or because, they are not for this reader
  let problem = null;

  const path = `/mcp/executions?server_id=${id}&limit=${AT_ONCE}`;
  const look = (mayChange) => Promise.all([api(`/mcp/servers/${id}/tools`), api(path), mayChange ? api(`/mcp/servers/${id}/log`) : null]);
  let mayChange = false;
  const again = newest(
    () => look(mayChange),
    (answer) => {
      problem = answer.problem;
      if (answer.found) {
        let page;
        [tools, page, lines] = answer.found;
        if (!calls || calls.length <= AT_ONCE) ({ items: calls, next_cursor: cursor } = page);
        else calls = [...page.items.filter((one) => !calls.some((old) => old.id === one.id)), ...calls.map((old) => page.items.find((one) => one.id === old.id) ?? old)];
      }
      draw();
    },
  );
  const load = (server) => {
    mayChange = server.may_change;
    return again();
  };
  const more = async () => {
    try {
      const page = await api(`${path}&after=${encodeURIComponent(cursor)}`);
      const known = new Set(calls.map((one) => one.id));
      calls = [...calls, ...page.items.filter((one) => !known.has(one.id))];
      cursor = page.next_cursor;
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };

  const badge = ([kind, label]) => html`<span class="badge ${kind}">${label}</span>`;
  const tool = (one) => html`<li>
    <div class="tool-name">
      <code>${one.name}</code>
      ${one.read_only ? html`<span class="badge">${t("only reads", "liest nur")}</span>` : nothing} ${badge(MAY[one.decision])}
    </div>
    <p class="small said">${one.description}</p>
    <details>
      <summary>${t("Input", "Eingabe")}</summary>
      <pre tabindex="0">${JSON.stringify(one.input_schema, null, 2)}</pre>
    </details>
  </li>`;
  const call = (one) => html`<tr>
    <td>${when(one.created_at)}</td>
    <td><code>${one.tool}</code></td>
    <td>${badge(CAME[one.status])}</td>
    <td class="number">${milliseconds(one.milliseconds)}</td>
    <td class="number">${size(one.size)}</td>
  </tr>`;
  const breaker = ({ health, enabled }, reset) => {
    if (!enabled || !health) return html`<p class="small">${t("No session is open; one is opened when it is used.", "Es ist keine Sitzung offen; bei Gebrauch wird eine geöffnet.")}</p>`;
    if (health.breaker === "closed")
      return html`<p class="small">
        ${t("Calls go through.", "Aufrufe gehen durch.")} ${health.failures ? t(`Failures in a row: ${health.failures}; after 5 it is left alone for a minute.`, `Fehlschläge hintereinander: ${health.failures}; nach 5 wird er eine Minute in Ruhe gelassen.`) : nothing}
      </p>`;
    return html`<p class="small wrong">
      ${health.breaker === "open"
        ? t(`It kept failing and is left alone for ${health.again_in_seconds} s more.`, `Er ist immer wieder gescheitert und wird noch ${health.again_in_seconds} s in Ruhe gelassen.`)
        : t("It kept failing; the next calls show whether it works again.", "Er ist immer wieder gescheitert; die nächsten Aufrufe zeigen, ob er wieder geht.")}
      ${reset}
    </p>`;
  };
  const part = (title, content, count = null) => html`<section>
    <h3>${title} ${count === null ? nothing : html`<span class="count">${count}</span>`}</h3>
    ${content}
  </section>`;

  const view = (server, reset) => {
    if (problem && !tools) return html`<p class="problem" role="alert">${problem.message}</p>`;
    if (!tools) return html`<p class="quiet" role="status">${t("One moment …", "Einen Moment …")}</p>`;
    return html`<div class="about" id="about-${id}">
      ${part(t("How it does", "Wie es ihm geht"), breaker(server, reset))}
      ${part(
        t("What it offers", "Was er anbietet"),
        tools.length
          ? html`<ul class="tool-list">${repeat(tools, ({ name }) => name, tool)}</ul>`
          : html`<p class="small">${t("No tools so far.", "Noch keine Werkzeuge.")}</p>`,
        tools.length || null,
      )}
      ${part(
        t("Your last calls", "Deine letzten Aufrufe"),
        calls.length
          ? html`<div class="calls" tabindex="0" role="region" aria-label=${t("Your last calls", "Deine letzten Aufrufe")}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">${t("When", "Wann")}</th>
                      <th scope="col">${t("Tool", "Werkzeug")}</th>
                      <th scope="col">${t("How it ended", "Ausgang")}</th>
                      <th scope="col" class="number">${t("Took", "Dauer")}</th>
                      <th scope="col" class="number">${t("Answer", "Antwort")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${repeat(calls, (one) => one.id, call)}
                  </tbody>
                </table>
              </div>
              ${cursor ? html`<button class="button small" type="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button>` : nothing}`
          : html`<p class="small">${t("You have called none of its tools.", "Du hast noch keines seiner Werkzeuge benutzt.")}</p>`,
      )}
      ${lines
        ? part(
            t("What it wrote into its log", "Was er in sein Protokoll schrieb"),
            lines.length
              ? html`<ol class="lines" tabindex="0">
                  ${lines.map(({ at, level, text }) => html`<li><time datetime=${at}>${when(at)}</time> <span class=${["error", "critical", "alert", "emergency"].includes(level) ? "wrong" : ""}>${level}</span> ${text}</li>`)}
                </ol>`
              : html`<p class="small">${t("Nothing within a day.", "Nichts im letzten Tag.")}</p>`,
          )
        : nothing}
    </div>`;
  };

  return { load, view };
}
