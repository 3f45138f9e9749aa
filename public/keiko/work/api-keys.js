// Keys with which programs use Keiko: a part of "Security" on the page "Settings".

import { api, confirm, copy, html, live, nothing, t, toast, when } from "./kit.js";
import { withProof } from "./proof.js";
import { scopeWords } from "./scope-words.js";

const DAYS = [
  [30, t("30 days", "30 Tage")],
  [90, t("90 days", "90 Tage")],
  [365, t("a year", "ein Jahr")],
];

export function apiKeys(draw) {
  let keys = null;
  let scopes = [];
  let isOpen = false;
  let name = "";
  let days = 90;
  let chosen = new Set();
  let problem = null;
  let made = null; // the text of a new key, until it is put away

  const load = async () => {
    try {
      ({ keys, scopes } = await api("/api-keys"));
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const open = () => {
    [isOpen, problem, made, name, days, chosen] = [true, null, null, "", 90, new Set()];
    draw();
    document.getElementById("key-name")?.focus();
  };
  const close = () => {
    isOpen = false;
    draw();
  };
  const add = async (event) => {
    event.preventDefault();
    problem = null;
    try {
      const body = { name, days, scopes: [...chosen] };
      made = await withProof(() => api("/api-keys", { method: "POST", body }));
      isOpen = !made;
    } catch (error) {
      problem = error;
    }
    await load();
    document.getElementById("key-made")?.focus();
  };
  const putAway = () => {
    made = null;
    draw();
  };
  const revoke = async (key) => {
    const text = t(`Revoke “${key.name}”? Programs that use it come in no more.`, `„${key.name}“ widerrufen? Programme, die ihn benutzen, kommen nicht mehr herein.`);
    if (!(await confirm(text, { yes: t("Revoke", "Widerrufen"), no: t("Keep", "Behalten") }))) return;
    try {
      await api(`/api-keys/${key.id}`, { method: "DELETE" });
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };
  const choose = (scope) => ({ target }) => {
    if (target.checked) chosen.add(scope);
    else chosen.delete(scope);
  };

  const isOver = (key) => new Date(key.expires_at) <= new Date();
  const row = (key) => html`<li>
    <span>
      <strong>${key.name}</strong> <code>kpa_${key.lookup}…</code>
      ${isOver(key) ? html`<span class="badge warn">${t("expired", "abgelaufen")}</span>` : nothing}<br />
      <small>${t("good until", "gilt bis")} ${when(key.expires_at)} · ${key.last_used_at ? `${t("used", "benutzt")} ${when(key.last_used_at)}` : t("never used", "nie benutzt")}</small><br />
      <small>${key.scopes.map(scopeWords).join(", ")}</small>
    </span>
    <button class="button small plain" type="button" aria-label=${`${t("Revoke", "Widerrufen")}: ${key.name}`} @click=${() => revoke(key)}>${t("Revoke", "Widerrufen")}</button>
  </li>`;
  const shown = () => html`<div class="once" role="status">
    <p>${t("This is the key. Keep it now where the program finds it: it is shown this once.", "Das ist der Schlüssel. Lege ihn jetzt dort ab, wo das Programm ihn findet: Er wird nur dieses eine Mal gezeigt.")}</p>
    <div class="with-button">
      <input id="key-made" class="input" readonly aria-label=${t("The new key", "Der neue Schlüssel")} .value=${made.key} @focus=${({ target }) => target.select()} />
      <button class="button" type="button" @click=${() => copy("key-made")}>${t("Copy", "Kopieren")}</button>
      <button class="button plain" type="button" @click=${putAway}>${t("Done", "Fertig")}</button>
    </div>
  </div>`;
  const form = () => html`<form class="form" novalidate aria-label=${t("New key", "Neuer Schlüssel")} @submit=${add}>
    <div class="row">
      <div class="field">
        <label for="key-name">${t("What it is for", "Wofür er ist")}</label>
        <input id="key-name" maxlength="60" autocomplete="off" aria-invalid=${problem?.field === "name" ? "true" : nothing} .value=${live(name)} @input=${({ target }) => (name = target.value)} />
      </div>
      <div class="field">
        <label for="key-days">${t("Good for", "Gilt")}</label>
        <select id="key-days" @change=${({ target }) => (days = Number(target.value))}>
          ${DAYS.map(([value, text]) => html`<option value=${value} .selected=${live(value === days)}>${text}</option>`)}
        </select>
      </div>
    </div>
    <fieldset class="field scopes">
      <legend>${t("It may", "Er darf")}</legend>
      ${scopes.filter((scope) => scope !== "me:read").map((scope) => html`<label><input type="checkbox" name="scope" value=${scope} .checked=${live(chosen.has(scope))} @change=${choose(scope)} /> <span>${scopeWords(scope)} <code>${scope}</code></span></label>`)}
    </fieldset>
    ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    <div class="actions">
      <button class="button primary">${t("Make the key", "Schlüssel anlegen")}</button>
      <button class="button" type="button" @click=${close}>${t("Cancel", "Abbrechen")}</button>
    </div>
  </form>`;
  const view = () => html`<section class="card form" id="api-keys" aria-labelledby="keys-title">
    <h2 id="keys-title">${t("API keys", "API-Schlüssel")}</h2>
    <p class="small">${t("With a key, a program of yours does some of what you may do, until it expires. Who has the key needs no password: treat it like one.", "Mit einem Schlüssel tut ein Programm von dir einen Teil dessen, was du darfst, bis er abläuft. Wer ihn hat, braucht kein Passwort: Hüte ihn wie eines.")}</p>
    ${made ? shown() : nothing}
    ${keys?.length ? html`<ul class="kept">${keys.map(row)}</ul>` : nothing}
    ${keys && !keys.length && !isOpen && !made ? html`<p class="small">${t("There are none.", "Es gibt keine.")}</p>` : nothing}
    ${isOpen ? form() : html`<div class="actions"><button class="button" type="button" @click=${open}>${t("New key", "Neuer Schlüssel")}</button></div>`}
  </section>`;

  return { load, view };
}
