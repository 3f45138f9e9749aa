// "Is it you?": a dialog in which one proves anew who one is, before something that matters.

import { api, html, nothing, render, t } from "./kit.js";
import { canPasskeys, sign } from "./passkeys.js";

// Do some work; if it needs a recent proof, ask for that first, then do it. Undefined if it was not given.
export async function withProof(work) {
  try {
    return await work();
  } catch (error) {
    if (error.code !== "proof_needed") throw error;
  }
  const standing = await api("/auth/security");
  return (await ask(standing)) ? work() : undefined;
}

function ask(standing) {
  const dialog = document.createElement("dialog");
  dialog.className = "card dialog";
  dialog.setAttribute("aria-labelledby", "proof-title");
  const hasPasskey = canPasskeys && standing.can_passkeys && standing.passkeys.length > 0;
  let problem = null;
  let isBusy = false;

  const prove = async (body) => {
    isBusy = true;
    problem = null;
    draw();
    try {
      await api("/auth/proof", { method: "POST", body: await body() });
      dialog.close("yes");
    } catch (error) {
      problem = error;
      isBusy = false;
      draw();
      dialog.querySelector(`[name="${error.field}"]`)?.focus();
    }
  };
  const typed = () => {
    const fields = Object.fromEntries(new FormData(dialog.querySelector("form")));
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
  };
  const submit = (event) => {
    event.preventDefault();
    prove(async () => typed());
  };
  const usePasskey = () =>
    prove(async () => {
      const { options } = await api("/auth/proof/options", { method: "POST" });
      return { ...typed(), credential: await sign(options) };
    });

  const field = (name, label, type, autocomplete) => html`<div class="field">
    <label for="proof-${name}">${label}</label>
    <input id="proof-${name}" name=${name} type=${type} autocomplete=${autocomplete} spellcheck="false" aria-invalid=${problem?.field === name ? "true" : nothing} />
  </div>`;
  const view = () => html`<form class="form" novalidate @submit=${submit}>
    <h2 id="proof-title">${t("Is it you?", "Bist du es?")}</h2>
    <p>${t("Before this is changed, show once more who you are.", "Bevor das geändert wird, zeige noch einmal, wer du bist.")}</p>
    ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    ${standing.has_password ? field("password", t("Password", "Passwort"), "password", "current-password") : nothing}
    ${standing.app_since ? field("code", t("Code of your app, or a recovery code", "Code deiner App oder ein Wiederherstellungscode"), "text", "one-time-code") : nothing}
    <div class="actions">
      ${standing.has_password || standing.app_since ? html`<button class="button primary" ?disabled=${isBusy}>${t("Go on", "Weiter")}</button>` : nothing}
      ${hasPasskey ? html`<button class="button" type="button" ?disabled=${isBusy} @click=${usePasskey}>${t("Use a passkey", "Passkey benutzen")}</button>` : nothing}
      <button class="button" type="button" @click=${() => dialog.close("no")}>${t("Cancel", "Abbrechen")}</button>
    </div>
    ${!standing.has_password && !standing.app_since && !hasPasskey ? html`<p class="small">${t("Sign out and in again, then try once more within ten minutes.", "Melde dich ab und wieder an und versuche es dann binnen zehn Minuten noch einmal.")}</p>` : nothing}
  </form>`;
  const draw = () => render(view(), dialog);

  draw();
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
  });
}
