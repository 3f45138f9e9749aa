// Whether a server may work with one's account at a sign-in provider: asked here, then settled there.

import { api, html, live, nothing, render, t, toast } from "./kit.js";
import { withProof } from "./proof.js";

// Ask about the server that the page's address names (`lend`), if it names one.
export async function askedFor() {
  const wanted = new URLSearchParams(location.search);
  const id = wanted.get("lend");
  if (!id) return;
  history.replaceState(null, "", location.pathname);
  try {
    const server = await api(`/mcp/servers/${encodeURIComponent(id)}`);
    if (!server.signed_in.account) throw new Error(t("This server does not work with people's accounts.", "Dieser Server arbeitet nicht mit den Konten von Menschen."));
    await ask(server, wanted.get("back") ?? "");
  } catch (error) {
    toast(error.message, "problem");
  }
}

async function ask(server, next) {
  const { provider, label, goes_to: host } = server.signed_in.account;
  if (!(await agreed(server.name, label, host))) return;
  const way = await withProof(() => api(`/auth/with/${provider}/lend`, { method: "POST", body: { server_id: server.id, next } }));
  if (way) location.assign(way.at);
}

function agreed(name, label, host) {
  const dialog = document.createElement("dialog");
  dialog.className = "card dialog";
  dialog.setAttribute("aria-labelledby", "lend-title");
  render(
    html`<form class="form" method="dialog">
      <h2 id="lend-title">${t(`Let “${name}” work with your account at ${label}?`, `Darf „${name}“ mit deinem Konto bei ${label} arbeiten?`)}</h2>
      <p>
        ${t("Its calls then carry your key to that account, and it can do there what the key allows. The key is sent to", "Seine Aufrufe tragen dann deinen Schlüssel zu diesem Konto, und er kann dort tun, was der Schlüssel erlaubt. Der Schlüssel geht an")}
        <strong class="host">${host}</strong>
        ${t("and to nobody else.", "und an niemanden sonst.")}
      </p>
      <p class="small">${t(`You go to ${label} now, to say which account. You can take it back here at any time.`, `Du gehst jetzt zu ${label} und sagst dort, welches Konto. Zurücknehmen kannst du es hier jederzeit.`)}</p>
      <div class="actions">
        <button class="button primary" value="yes">${t(`Go on to ${label}`, `Weiter zu ${label}`)}</button>
        <button class="button" value="no" autofocus>${t("Not now", "Jetzt nicht")}</button>
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
  });
}

// The providers that a server may be registered with.
export const providers = async () => (await api("/linked-accounts").catch(() => null))?.providers ?? [];

// Which of them, in the form of a server; nothing where there are none.
export const choice = (chosen, known, problem, choose) => {
  const gone = chosen && !known.some(({ name }) => name === chosen) ? [{ name: chosen, label: chosen }] : [];
  if (!known.length && !gone.length) return nothing;
  return html`<div class="field">
    <label for="server-provider">${t("Works with its users' accounts at", "Arbeitet mit den Konten seiner Benutzer bei")}</label>
    <select id="server-provider" name="provider" aria-describedby="server-provider-hint" @change=${({ target }) => choose(target.value)}>
      <option value="" .selected=${live(!chosen)}>${t("none", "keinem")}</option>
      ${[...known, ...gone].map(({ name, label }) => html`<option value=${name} .selected=${live(chosen === name)}>${label}</option>`)}
    </select>
    ${problem}
    <small id="server-provider-hint">${t("Each user's calls carry their own key to that account, once they have said yes. Choose only servers that you trust with it.", "Die Aufrufe tragen den Schlüssel des jeweiligen Benutzers, sobald er ja gesagt hat. Wähle nur Server, denen du ihn anvertraust.")}</small>
  </div>`;
};
