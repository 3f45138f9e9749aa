// The page "Sites", for admins: which pages of others show Keiko, and what their visitors may do there.

import { api, confirm, copy, html, isGerman, newest, nothing, render, repeat, t, toast, when } from "./kit.js";
import { listen } from "./list.js";
import { ask, leave } from "./site-form.js";

const number = new Intl.NumberFormat(isGerman ? "de-DE" : "en-GB");
const tagOf = ({ key }) => `<script src="${location.origin}/widget.js" data-site="${key}" async></script>`;

export async function open(root) {
  let items = null;
  let problem = null;
  let made = null; // a site and its new secret, until it is put away
  let isClosed = false;

  const load = newest(
    () => api("/sites"),
    (answer) => {
      items = answer.found ?? items;
      problem = answer.problem;
      draw();
    },
  );

  // What can be done

  const show = async (answer) => {
    made = answer;
    await load();
    root.querySelector("#site-secret")?.focus();
  };
  const seek = async (id) => {
    await load();
    root.querySelector(`[data-site="${id}"]`)?.focus();
  };
  const add = () => ask(null, show);
  const edit = (site) =>
    ask(site, ({ id }) => {
      toast(t("Saved", "Gespeichert"));
      seek(id);
    });
  const attempt = async (path, method) => {
    try {
      return await api(path, { method });
    } catch (error) {
      toast(error.message, "problem");
      await load();
      return null;
    }
  };
  const renew = async (site) => {
    const text = t(
      `Give “${site.name}” a new secret? The old one opens nothing from then on: its server needs the new one.`,
      `„${site.name}“ ein neues Geheimnis geben? Das alte öffnet dann nichts mehr: Der Server der Website braucht das neue.`,
    );
    if (!(await confirm(text, { yes: t("New secret", "Neues Geheimnis"), no: t("Cancel", "Abbrechen") }))) return;
    const answer = await attempt(`/sites/${site.id}/secret`, "POST");
    if (answer) await show(answer);
  };
  const revoke = async (site) => {
    const text = t(
      `Revoke “${site.name}” for good? It shows Keiko no more, and open frames end at once.`,
      `„${site.name}“ endgültig widerrufen? Die Website zeigt Keiko nicht mehr, und offene Rahmen enden sofort.`,
    );
    if (!(await confirm(text, { yes: t("Revoke", "Widerrufen"), no: t("Keep", "Behalten") }))) return;
    if (!(await attempt(`/sites/${site.id}`, "DELETE"))) return;
    if (made?.site.id === site.id) made = null;
    await seek(site.id);
  };
  const putAway = () => {
    const { id } = made.site;
    made = null;
    draw();
    root.querySelector(`[data-site="${id}"]`)?.focus();
  };

  // What is shown

  const copied = (id, label, value, help = nothing) => html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="with-button">
      <input id=${id} class="code" readonly .value=${value} aria-describedby=${help} @focus=${({ target }) => target.select()} />
      <button class="button" type="button" aria-label=${`${t("Copy", "Kopieren")}: ${label}`} @click=${() => copy(id)}>${t("Copy", "Kopieren")}</button>
    </div>
  </div>`;
  const shown = () => html`<section class="once form" aria-labelledby="once-title">
    <h2 id="once-title">${t(`The secret of “${made.site.name}”`, `Das Geheimnis von „${made.site.name}“`)}</h2>
    <p id="once-help">${t("Keep it now where the site's server finds it, and nowhere in its pages: it is shown this once.", "Lege es jetzt dort ab, wo der Server der Website es findet, und nie in ihre Seiten: Es wird nur dieses eine Mal gezeigt.")}</p>
    ${copied("site-secret", t("Secret", "Geheimnis"), made.secret, "once-help")} ${copied("site-tag", t("Tag for its pages", "Zeile für ihre Seiten"), tagOf(made.site))}
    <div class="actions"><button class="button" type="button" @click=${putAway}>${t("Done", "Fertig")}</button></div>
  </section>`;
  const facts = (site) =>
    [
      t(`${number.format(site.messages_per_visitor_day)} messages a day per visitor, ${number.format(site.messages_per_day)} in all`, `${number.format(site.messages_per_visitor_day)} Nachrichten am Tag je Besucher, ${number.format(site.messages_per_day)} insgesamt`),
      site.model,
      site.tools.length ? `${t("Tools", "Werkzeuge")}: ${site.tools.join(", ")}` : t("no tools", "keine Werkzeuge"),
    ]
      .filter(Boolean)
      .join(" · ");
  const button = (site, text, press, style = "button small") => html`<button class=${style} type="button" aria-label=${`${text}: ${site.name}`} @click=${() => press(site)}>${text}</button>`;
  const inUse = (site) => html`${copied(`key-${site.id}`, t("Key", "Schlüssel"), site.key)}
    <details>
      <summary>${t("Tag for its pages", "Zeile für ihre Seiten")}</summary>
      ${copied(`tag-${site.id}`, t("To paste before the end of the page", "Vor dem Ende der Seite einzufügen"), tagOf(site))}
    </details>
    <div class="actions">
      ${button(site, t("Edit", "Bearbeiten"), edit)} ${button(site, t("New secret", "Neues Geheimnis"), renew)} ${button(site, t("Revoke", "Widerrufen"), revoke, "button small danger")}
    </div>`;
  const row = (site) => html`<li class="card site" tabindex="-1" data-site=${site.id}>
    <div class="what">
      <h2>${site.name}</h2>
      ${site.revoked_at
        ? html`<span class="badge bad">${t("revoked", "widerrufen")}</span>`
        : site.allows_anonymous
          ? html`<span class="badge warn">${t("anybody may write", "alle dürfen schreiben")}</span>`
          : html`<span class="badge">${t("known visitors only", "nur bekannte Besucher")}</span>`}
    </div>
    <p class="origins">${site.origins.join(" · ")}</p>
    ${site.revoked_at ? html`<p class="small">${t("Revoked", "Widerrufen")} ${when(site.revoked_at)} · <code>${site.key}</code></p>` : html`<p class="small">${facts(site)}</p>${inUse(site)}`}
  </li>`;
  const list = () => {
    if (items === null) return problem ? nothing : html`<p class="quiet" role="status">${t("One moment …", "Einen Moment …")}</p>`;
    if (!items.length)
      return html`<div class="empty">
        <h2>${t("No sites yet", "Noch keine Websites")}</h2>
        <p>${t("A site shows Keiko in its own pages, to the people who visit it.", "Eine Website zeigt Keiko in ihren eigenen Seiten, denen, die sie besuchen.")}</p>
      </div>`;
    return html`<ul class="list">
      ${repeat(items, ({ id }) => id, row)}
    </ul>`;
  };
  function draw() {
    if (isClosed) return;
    render(
      html`<div class="heading">
          <h1>${t("Sites", "Websites")}</h1>
          ${items ? html`<button class="button primary" type="button" @click=${add}>${t("New site", "Neue Website")}</button>` : nothing}
        </div>
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing} ${made ? shown() : nothing} ${list()}`,
      root,
    );
  }

  const unlisten = listen(root, { rows: ".site", keys: { n: () => (items ? void add() : false) }, hear: () => {}, look: () => {} });
  draw();
  await load();

  return () => {
    isClosed = true;
    leave();
    unlisten();
  };
}
