// What one signs in with (password, app, passkeys, recovery codes): a part of "Security".

import { api, confirm, html, nothing, render, t, toast, when } from "./kit.js";
import { device } from "./sessions.js";
import { canPasskeys, make } from "./passkeys.js";
import { withProof } from "./proof.js";

const post = (path, body) => api(path, { method: "POST", body });
const grouped = (secret) => secret.match(/.{1,4}/g).join(" ");

// An SVG of the server's, as an element: nothing of it is run.
function picture(svg) {
  return document.importNode(new DOMParser().parseFromString(svg, "text/html").body.firstChild, true);
}

// `hasChanged` is called after each change: other sessions end by it.
export function credentials(draw, hasChanged) {
  let standing = null;
  let problem = null;
  let isBusy = false;
  let changes = false; // whether the form for another password is open
  let offer = null; // a secret for an app, while it is being set up
  let codes = null; // new recovery codes, shown this once

  const load = async () => {
    try {
      standing = await api("/auth/security");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const attempt = async (work) => {
    isBusy = true;
    problem = null;
    draw();
    try {
      await work();
    } catch (error) {
      problem = error;
    }
    isBusy = false;
    await load();
    if (problem?.field) document.querySelector(`#credentials [name="${problem.field}"]`)?.focus();
  };
  const changed = (answer, said) => {
    if (!answer) return false;
    if (answer.codes?.length) codes = answer.codes;
    toast(said);
    hasChanged();
    return true;
  };

  const changePassword = (event) => {
    event.preventDefault();
    const form = event.target;
    const body = Object.fromEntries(new FormData(form));
    attempt(async () => {
      const answer = await withProof(() => post("/auth/password", body));
      if (changed(answer, t("Your password is changed. You are signed out everywhere else.", "Dein Passwort ist geändert. Überall sonst bist du abgemeldet."))) changes = false;
    });
  };
  const offerApp = () =>
    attempt(async () => {
      offer = (await withProof(() => post("/auth/app/offer"))) ?? null;
    });
  const addApp = (event) => {
    event.preventDefault();
    const { code } = Object.fromEntries(new FormData(event.target));
    attempt(async () => {
      const answer = await withProof(() => post("/auth/app", { draft: offer.draft, code }));
      if (changed(answer, t("The app is set up.", "Die App ist eingerichtet."))) offer = null;
    });
  };
  const remove = (path, question, said) => async () => {
    if (!(await confirm(question, { yes: t("Remove", "Entfernen"), no: t("Cancel", "Abbrechen") }))) return;
    await attempt(async () => changed(await withProof(() => api(path, { method: "DELETE" })), said));
  };
  const addPasskey = () =>
    attempt(async () => {
      const asked = await withProof(() => post("/auth/passkeys/options"));
      if (!asked) return;
      const credential = await make(asked.options);
      const here = (await api("/sessions")).find((each) => each.is_this);
      const answer = await post("/auth/passkeys", { credential, name: here ? device(here) : "" });
      changed(answer, t("The passkey is set up.", "Der Passkey ist eingerichtet."));
    });
  const newCodes = () =>
    attempt(async () => changed(await withProof(() => post("/auth/recovery-codes")), t("The codes of before open nothing any more.", "Die bisherigen Codes öffnen nichts mehr.")));

  const complaint = (...names) => (problem && names.includes(problem.field) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing);
  const general = () => (problem && !["old", "password", "code"].includes(problem.field) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing);
  const secret = (id, name, label, autocomplete, hint) => html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${name} type="password" required maxlength="256" autocomplete=${autocomplete} aria-invalid=${problem?.field === name ? "true" : nothing} aria-describedby=${hint ? `${id}-hint` : nothing} />
    ${hint ? html`<small id="${id}-hint">${hint}</small>` : nothing}
  </div>`;
  const show = (event) => {
    for (const input of event.target.form.querySelectorAll("input[name=old], input[name=password]")) input.type = event.target.checked ? "text" : "password";
  };

  const password = () => html`<li>
    <span><strong>${t("Password", "Passwort")}</strong><br /><small>${standing.has_password ? t("Set", "Gesetzt") : t("None: you sign in elsewhere", "Keines: du meldest dich anderswo an")}</small></span>
    ${standing.has_password ? html`<button class="button small plain" type="button" aria-expanded=${String(changes)} @click=${() => { changes = !changes; problem = null; draw(); }}>${t("Change", "Ändern")}</button>` : nothing}
  </li>
  ${changes
    ? html`<li class="wide"><form class="form" novalidate @submit=${changePassword}>
        ${complaint("old", "password")}
        ${secret("old-password", "old", t("Password until now", "Bisheriges Passwort"), "current-password")}
        ${secret("new-password", "password", t("New password", "Neues Passwort"), "new-password", t("At least 8 characters; 15 or more are better. A short sentence is easy to remember.", "Mindestens 8 Zeichen; 15 oder mehr sind besser. Gut ist ein kurzer Satz."))}
        <div class="field inline"><input type="checkbox" id="show-passwords" @change=${show} /><label for="show-passwords">${t("Show the passwords", "Passwörter zeigen")}</label></div>
        <div class="actions"><button class="button primary" ?disabled=${isBusy}>${t("Change the password", "Passwort ändern")}</button></div>
      </form></li>`
    : nothing}`;
  const app = () => html`<li>
    <span><strong>${t("Authenticator app", "Authenticator-App")}</strong><br /><small>${standing.app_since ? `${t("since", "seit")} ${when(standing.app_since)}` : t("A code from your phone, beside the password", "Ein Code vom Telefon, neben dem Passwort")}</small></span>
    ${standing.app_since
      ? html`<button class="button small plain" type="button" aria-label=${t("Remove the app", "App entfernen")} ?disabled=${isBusy} @click=${remove("/auth/app", t("Sign in without the app from now on?", "Von jetzt an ohne die App anmelden?"), t("The app is removed.", "Die App ist entfernt."))}>${t("Remove", "Entfernen")}</button>`
      : html`<button class="button small" type="button" aria-label=${t("Set up an authenticator app", "Authenticator-App einrichten")} ?disabled=${isBusy} @click=${offerApp}>${t("Set up", "Einrichten")}</button>`}
  </li>
  ${offer && !standing.app_since
    ? html`<li class="wide"><form class="form" novalidate @submit=${addApp}>
        <p>${t("Scan this with an authenticator app on your phone, or type in the key.", "Scanne das mit einer Authenticator-App auf deinem Telefon oder tippe den Schlüssel ein.")}</p>
        <div class="qr" role="img" aria-label=${t("QR code for an authenticator app", "QR-Code für eine Authenticator-App")}>${picture(offer.picture)}</div>
        <p><code class="secret-key">${grouped(offer.secret)}</code></p>
        ${complaint("code")}
        <div class="field"><label for="first-code">${t("The six digits that the app shows now", "Die sechs Ziffern, die die App jetzt zeigt")}</label>
          <input id="first-code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required aria-invalid=${problem?.field === "code" ? "true" : nothing} /></div>
        <div class="actions"><button class="button primary" ?disabled=${isBusy}>${t("Use this app", "Diese App benutzen")}</button>
          <button class="button" type="button" @click=${() => { offer = null; problem = null; draw(); }}>${t("Cancel", "Abbrechen")}</button></div>
      </form></li>`
    : nothing}`;
  const used = (key) => (key.last_used_at ? ` · ${t("used", "benutzt")} ${when(key.last_used_at)}` : "");
  const passkey = (key) => html`<li>
    <span><strong>Passkey</strong> ${key.name}<br /><small>${t("since", "seit")} ${when(key.created_at)}${used(key)}${key.is_synced ? ` · ${t("on several devices", "auf mehreren Geräten")}` : ""}</small></span>
    <button class="button small plain" type="button" aria-label=${`${t("Remove the passkey", "Passkey entfernen")}: ${key.name}`} ?disabled=${isBusy} @click=${remove(`/auth/passkeys/${key.id}`, t("Sign in without this passkey from now on?", "Von jetzt an ohne diesen Passkey anmelden?"), t("The passkey is removed.", "Der Passkey ist entfernt."))}>${t("Remove", "Entfernen")}</button>
  </li>`;
  const morePasskeys = () => html`<li>
    <span><strong>${t("Passkeys", "Passkeys")}</strong><br /><small>${canPasskeys && standing.can_passkeys ? t("Fingerprint, face, PIN or a key: as second factor, or instead of the password", "Fingerabdruck, Gesicht, PIN oder ein Schlüssel: als zweiter Faktor oder statt des Passworts") : t("Need https and a name, or http://localhost", "Brauchen https und einen Namen, oder http://localhost")}</small></span>
    ${canPasskeys && standing.can_passkeys ? html`<button class="button small" type="button" aria-label=${t("Set up a passkey", "Passkey einrichten")} ?disabled=${isBusy} @click=${addPasskey}>${t("Set up", "Einrichten")}</button>` : nothing}
  </li>`;
  const hasFactor = () => standing.app_since || standing.passkeys.length > 0;
  const recovery = () => html`<li>
    <span><strong>${t("Recovery codes", "Wiederherstellungscodes")}</strong><br /><small>${standing.codes_left} ${t("left", "übrig")}</small></span>
    <button class="button small plain" type="button" aria-label=${t("Make new recovery codes", "Neue Wiederherstellungscodes")} ?disabled=${isBusy} @click=${newCodes}>${t("New ones", "Neue")}</button>
  </li>`;
  const shownCodes = () => html`<div class="codes-shown" role="status">
    <p><strong>${t("Keep these codes", "Hebe diese Codes auf")}</strong>. ${t("If you lose your phone or key, each of them lets you in once. They are shown only now.", "Wenn du Telefon oder Schlüssel verlierst, lässt dich jeder davon einmal herein. Sie sind nur jetzt zu sehen.")}</p>
    <ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <div class="actions"><button class="button" type="button" @click=${() => { codes = null; draw(); }}>${t("I have kept them", "Ich habe sie aufgehoben")}</button></div>
  </div>`;
  const view = () => html`<section class="card form" id="credentials" aria-labelledby="credentials-title">
    <h2 id="credentials-title">${t("How you sign in", "Wie du dich anmeldest")}</h2>
    ${standing?.must_have_factor && !hasFactor() ? html`<p class="small">${t("Your role must have a second factor.", "Deine Rolle braucht einen zweiten Faktor.")}</p>` : nothing}
    ${general()}
    ${codes ? shownCodes() : nothing}
    ${standing ? html`<ul class="kept">${password()} ${app()} ${morePasskeys()} ${standing.passkeys.map(passkey)} ${hasFactor() ? recovery() : nothing}</ul>` : nothing}
  </section>`;

  return { load, view };
}
