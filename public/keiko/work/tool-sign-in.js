// Who you are to a server that wants to know: signed in or not, and the buttons for that.

import { api, confirm, html, nothing, t, toast, when } from "./kit.js";

const HERE = "/work/tools";

// The badge of a server as its user stands with it; null where that is no matter.
export const badge = ({ signed_in: { state, wanted } }) => {
  if (state === "needed") return ["warn", t("Wants a sign-in", "Will eine Anmeldung")];
  if (state === "again" || wanted.length) return ["warn", t("Sign in again", "Neu anmelden")];
  return state === "signed_in" ? ["good", t("Signed in", "Angemeldet")] : null;
};

// Whether what was found last is about somebody who has not signed in.
export const isStale = (server) => server.state === "sign_in" && server.signed_in.state === "signed_in";

export const standing = ({ signed_in: { state, host, scopes, since, wanted, account } }) => {
  if (state === "machine") return html`<p class="small">${t("Keiko signs in to it by itself, for everybody who uses it.", "Keiko meldet sich dort selbst an, für alle, die ihn benutzen.")}</p>`;
  if (account) return html`<p class="small">${lent(account, state, since)}</p>`;
  if (state === "again") return html`<p class="small">${t(`The sign-in at ${host} is over. Sign in again to use it.`, `Die Anmeldung bei ${host} ist vorbei. Melde dich neu an, um ihn zu benutzen.`)}</p>`;
  if (state !== "signed_in") return nothing;
  const list = (names) => names.map((name) => html` <code>${name}</code>`);
  return html`<p class="small">
    ${t(`Signed in at ${host} since ${when(since)}.`, `Angemeldet bei ${host} seit ${when(since)}.`)}
    ${scopes.length ? html`${t("It may:", "Er darf:")}${list(scopes)}` : nothing}
    ${wanted.length ? html`<br />${t("It wants more:", "Er will mehr:")}${list(wanted)}` : nothing}
  </p>`;
};

const lent = ({ label, goes_to: host }, state, since) => {
  if (state === "signed_in") return t(`Works with your account at ${label} since ${when(since)}; your key to it is sent to ${host} alone.`, `Arbeitet seit ${when(since)} mit deinem Konto bei ${label}; dein Schlüssel dazu geht allein an ${host}.`);
  if (state === "again") return t(`Your sign-in at ${label} is over. Sign in again to use it.`, `Deine Anmeldung bei ${label} ist vorbei. Melde dich neu an, um ihn zu benutzen.`);
  return t(`It works with your account at ${label}, if you let it.`, `Er arbeitet mit deinem Konto bei ${label}, wenn du es erlaubst.`);
};

async function begin(server) {
  try {
    const { address } = await api(`/mcp/servers/${server.id}/sign-in`, { method: "POST", body: { back: HERE } });
    location.assign(address);
  } catch (error) {
    toast(error.message, "problem");
  }
}

async function end(server, done) {
  const { account } = server.signed_in;
  const text = account ? t(`Take it back from “${server.name}”? It works with your account at ${account.label} no more, from now on.`, `„${server.name}“ das wieder nehmen? Er arbeitet ab sofort nicht mehr mit deinem Konto bei ${account.label}.`) : t(
    `Sign out of “${server.name}”? Keiko forgets the sign-in at once; to use it again you sign in anew.`,
    `Bei „${server.name}“ abmelden? Keiko vergisst die Anmeldung sofort; um ihn wieder zu benutzen, meldest du dich neu an.`,
  );
  const words = account ? { yes: t("Take it back", "Zurücknehmen"), no: t("Leave it", "Lassen") } : { yes: t("Sign out", "Abmelden"), no: t("Stay signed in", "Angemeldet bleiben") };
  if (!(await confirm(text, words))) return;
  try {
    const { revoked } = await api(`/mcp/servers/${server.id}/sign-in`, { method: "DELETE" });
    if (account) toast(t("It does not work with your account any more.", "Er arbeitet nicht mehr mit deinem Konto."));
    else toast(revoked ? t("Signed out, here and there.", "Abgemeldet, hier wie dort.") : t("Signed out here. The other side was not told or did not take it.", "Hier abgemeldet. Die andere Seite weiß es nicht oder nahm es nicht an."));
  } catch (error) {
    toast(error.message, "problem");
  }
  await done();
}

// The buttons; `button` makes one, `done` looks at the servers anew.
export const buttons = (server, button, done) => {
  const { state, wanted, account } = server.signed_in;
  const isIn = state === "signed_in" || state === "again";
  if (!server.enabled || !(isIn || state === "needed")) return nothing;
  const wants = state !== "signed_in" || wanted.length;
  const label = isIn ? t("Sign in again", "Neu anmelden") : t("Sign in", "Anmelden");
  return html`${wants ? button(label, () => begin(server), "button small primary") : nothing} ${isIn ? button(account ? t("Take it back", "Zurücknehmen") : t("Sign out", "Abmelden"), () => end(server, done)) : nothing}`;
};
