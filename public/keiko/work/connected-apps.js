// Programs of others that may use this Keiko: a part of the page "Settings".

import { api, html, nothing, t, toast, when } from "./kit.js";

const MAY = {
  read: t("may read", "darf lesen"),
  write: t("may read and change", "darf lesen und ändern"),
};

export function connectedApps(draw) {
  let items = null;

  const load = async () => {
    try {
      items = await api("/connected-apps");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const end = async (app) => {
    try {
      await api(`/connected-apps/${app.id}`, { method: "DELETE" });
      toast(`${t("Ended", "Beendet")}: ${app.name}`);
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };

  const row = (app) => html`<li>
    <span>
      <strong>${app.name}</strong> <small>${app.host}</small><br />
      <small>${app.scopes.includes("write") ? MAY.write : MAY.read} · ${t("used", "benutzt")} ${when(app.last_used_at)}</small>
    </span>
    <button class="button small plain" type="button" aria-label=${`${t("End", "Beenden")}: ${app.name}`} @click=${() => end(app)}>${t("End", "Beenden")}</button>
  </li>`;
  const view = () => html`<section class="card form" aria-labelledby="apps-title">
    <h2 id="apps-title">${t("Other assistants", "Andere Assistenten")}</h2>
    <p class="small">
      ${t("Assistants that speak MCP can use your tasks, files, conversations and memories here, once you let them in. Their address for Keiko is", "Assistenten, die MCP sprechen, können hier deine Aufgaben, Dateien, Unterhaltungen und Erinnerungen benutzen, wenn du sie hereinlässt. Ihre Adresse für Keiko ist")}
      <code>${location.origin}/mcp</code>
    </p>
    ${items?.length ? html`<ul class="kept">${items.map(row)}</ul>` : nothing}
    ${items && !items.length ? html`<p class="small">${t("None may come in.", "Keiner darf herein.")}</p>` : nothing}
  </section>`;

  return { load, view };
}
