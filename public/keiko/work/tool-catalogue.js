// Well-known servers to start from: a dialog of the page "Tools" that fills the form.

import { api, html, nothing, render, t } from "./kit.js";

let dialog = null;

const line = ({ command, args }) => [command, ...args].join(" ");
const wants = ({ asks }) => Object.values(asks);

// The beginning of the command that the operator has to allow: all but what each user says.
const beginning = ({ command, args }) => {
  const first = args.findIndex((text) => text.startsWith("${") || text.startsWith("--"));
  return [command, ...(first < 0 ? args : args.slice(0, first))].join(" ");
};

const row = (one, use) => html`<li>
  <div>
    <h3>${one.name} ${one.read_only ? html`<span class="badge">${t("only reads", "liest nur")}</span>` : nothing}</h3>
    <p class="small">${one.does}</p>
    ${wants(one).map((text) => html`<p class="small">${t("Needs:", "Braucht:")} ${text}</p>`)}
    <p><code>${line(one)}</code></p>
    ${one.allowed
      ? nothing
      : html`<p class="small wrong">
          ${t("Not allowed here so far. The operator allows it with", "Hier noch nicht erlaubt. Der Betreiber erlaubt es mit")} <code>KEIKO_MCP_COMMANDS='["${beginning(one)}"]'</code>
        </p>`}
  </div>
  <button class="button small" type="button" aria-label=${`${t("Use", "Nehmen")}: ${one.name}`} @click=${() => use(one)}>${t("Use", "Nehmen")}</button>
</li>`;

const view = ({ items, problem }, use) => html`<h2>${t("Well-known servers", "Bekannte Server")}</h2>
  <p class="small">
    ${t("Written by others, started on Keiko's machine. uvx needs uv there, npx needs Node.js; the first start downloads the server.", "Von anderen geschrieben, auf Keikos Rechner gestartet. uvx braucht dort uv, npx braucht Node.js; der erste Start lädt den Server herunter.")}
  </p>
  ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  ${items === null && !problem ? html`<p class="quiet" role="status">${t("One moment …", "Einen Moment …")}</p>` : nothing}
  <ul class="picks">
    ${(items ?? []).map((one) => row(one, use))}
  </ul>
  <div class="actions"><button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button></div>`;

// Close the dialog, if it is open.
export function leave() {
  dialog?.close();
}

// Offer them; `take` is told which one shall fill the form.
export async function choose(take) {
  leave();
  const mine = Object.assign(document.createElement("dialog"), { className: "card dialog" });
  dialog = mine;
  mine.setAttribute("aria-label", t("Well-known servers", "Bekannte Server"));
  mine.onclose = () => {
    mine.remove();
    if (dialog === mine) dialog = null;
  };
  const use = (one) => {
    mine.close();
    take(one);
  };
  const draw = (items, problem = null) => render(view({ items, problem }, use), mine);
  document.body.append(mine);
  draw(null);
  mine.showModal();
  try {
    draw(await api("/mcp/catalogue"));
    mine.querySelector(".picks button")?.focus();
  } catch (error) {
    draw(null, error);
  }
}
