// Accounts elsewhere with which one signs in: a part of "Security" on the page "Settings".

import { api, confirm, html, nothing, t, toast, when } from "./kit.js";
import { withProof } from "./proof.js";

export function linkedAccounts(draw) {
  let found = null;

  const load = async () => {
    try {
      found = await api("/linked-accounts");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const labelOf = (name) => found.providers.find((provider) => provider.name === name)?.label ?? name;

  const link = async (provider) => {
    try {
      const way = await withProof(() => api(`/auth/with/${provider.name}/link`, { method: "POST", body: { next: "/work/settings" } }));
      if (way) location.assign(way.at);
    } catch (error) {
      toast(error.message, "problem");
    }
  };
  const unlink = async (account) => {
    const question = t("Sign in with this account no more?", "Mit diesem Konto nicht mehr anmelden?");
    if (!(await confirm(`${labelOf(account.provider)}: ${question}`, { yes: t("Unlink", "Lösen"), no: t("Keep", "Behalten") }))) return;
    try {
      if (await withProof(() => api(`/linked-accounts/${account.id}`, { method: "DELETE" }))) toast(t("Unlinked", "Gelöst"));
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };

  const row = (account) => html`<li>
    <span>
      <strong>${labelOf(account.provider)}</strong> <small>${account.shown}</small><br />
      <small>${t("used", "benutzt")} ${when(account.last_used_at)}</small>
    </span>
    <button class="button small plain" type="button" aria-label=${`${t("Unlink", "Lösen")}: ${labelOf(account.provider)} ${account.shown}`} @click=${() => unlink(account)}>${t("Unlink", "Lösen")}</button>
  </li>`;
  const offer = (provider) => html`<button class="button" type="button" @click=${() => link(provider)}>${t("Link an account at", "Verknüpfen: Konto bei")} ${provider.label}</button>`;
  const view = () => {
    if (!found || (!found.accounts.length && !found.providers.length)) return nothing;
    return html`<section class="card form" aria-labelledby="linked-title">
      <h2 id="linked-title">${t("Linked accounts", "Verknüpfte Konten")}</h2>
      <p class="small">${found.accounts.length ? t("With these accounts elsewhere you can sign in to your account here.", "Mit diesen Konten anderswo kannst du dich hier anmelden.") : t("Link an account that you have elsewhere, and you can sign in here with it.", "Verknüpfe ein Konto, das du anderswo hast, dann kannst du dich damit hier anmelden.")}</p>
      ${found.accounts.length ? html`<ul class="kept">${found.accounts.map(row)}</ul>` : nothing}
      <p class="actions">${found.providers.map(offer)}</p>
    </section>`;
  };
  return { load, view };
}
