// Where one is signed in: a part of "Security" on the page "Settings".

import { api, confirm, html, nothing, t, toast, when } from "./kit.js";

const WAYS = {
  pwd: t("password", "Passwort"),
  otp: t("code", "Code"),
  rec: t("recovery code", "Wiederherstellungscode"),
  hwk: "Passkey",
  swk: "Passkey",
  fed: t("provider", "Anbieter"),
};

const joined = (first, second) => (first && second ? t(`${first} on ${second}`, `${first} auf ${second}`) : first || second);

// A session's device, as its owner calls it.
export const device = ({ browser, system }) => joined(browser, system) || t("Unknown device", "Unbekanntes Gerät");

const ways = (each) => [...new Set(each.signed_in_by.map((way) => WAYS[way]).filter(Boolean))].join(" + ");

export function sessions(draw) {
  let items = null;

  const load = async () => {
    try {
      items = await api("/sessions");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const attempt = async (path, said) => {
    try {
      await api(path, { method: "DELETE" });
      toast(said);
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };
  const end = (each) => attempt(`/sessions/${each.id}`, `${t("Signed out", "Abgemeldet")}: ${device(each)}`);
  const endOthers = async () => {
    const isSure = await confirm(t("Sign out everywhere but here?", "Überall abmelden, nur hier nicht?"), { yes: t("Sign out", "Abmelden"), no: t("Cancel", "Abbrechen") });
    if (isSure) await attempt("/sessions", t("Signed out everywhere else", "Überall sonst abgemeldet"));
  };

  const row = (each) => html`<li data-session=${each.id}>
    <span>
      <strong>${device(each)}</strong> ${each.is_this ? html`<span class="here">${t("this browser", "dieser Browser")}</span>` : nothing}<br />
      <small>${[each.address, ways(each)].filter(Boolean).join(" · ")}</small><br />
      <small>${t("since", "seit")} ${when(each.created_at)} · ${t("last used", "zuletzt benutzt")} ${when(each.last_seen_at)}</small>
    </span>
    ${each.is_this ? nothing : html`<button class="button small plain" type="button" aria-label=${`${t("Sign out", "Abmelden")}: ${device(each)}`} @click=${() => end(each)}>${t("Sign out", "Abmelden")}</button>`}
  </li>`;
  const view = () => html`<section class="card form" aria-labelledby="sessions-title">
    <h2 id="sessions-title">${t("Where you are signed in", "Wo du angemeldet bist")}</h2>
    ${items ? html`<ul class="kept">${items.map(row)}</ul>` : nothing}
    ${items?.length > 1 ? html`<div class="actions"><button class="button" type="button" @click=${endOthers}>${t("Sign out everywhere else", "Überall sonst abmelden")}</button></div>` : nothing}
  </section>`;

  return { load, view };
}
