// The page "Settings": how its reader is told something, what is remembered, and who else may come in.

import { api, html, live, nothing, render, t, toast, when, zone } from "./kit.js";
import { connectedApps } from "./connected-apps.js";
import { memories } from "./memories.js";
import * as push from "./push.js";
import { security } from "./security.js";

const KINDS = [
  ["question", t("Needs your answer", "Braucht deine Antwort")],
  ["task_done", t("A task is done", "Eine Aufgabe ist fertig")],
  ["task_failed", t("A task did not succeed", "Eine Aufgabe ist nicht gelungen")],
  ["question_expired", t("A question got no answer in time", "Eine Frage blieb ohne Antwort")],
  ["schedule_missed", t("A schedule did not run", "Ein Zeitplan ist nicht gelaufen")],
  ["digest", t("The daily digest", "Der Tagesüberblick")],
];
const WAYS = [
  ["page", t("Open page", "Offene Seite")],
  ["push", t("Push", "Push")],
  ["email", t("E-mail", "E-Mail")],
  ["webhook", t("Webhook", "Webhook")],
];
const PUSH = {
  unsupported: t("This browser takes no pushes here. On a phone, add Keiko to the home screen first; elsewhere, Keiko must be reached by https.", "Dieser Browser nimmt hier keine Pushes an. Lege Keiko am Telefon zuerst auf den Startbildschirm; sonst muss Keiko über https erreichbar sein."),
  blocked: t("Notifications of this page are blocked. Allow them in the browser's settings for this page, then load it again.", "Mitteilungen dieser Seite sind blockiert. Erlaube sie in den Einstellungen des Browsers für diese Seite und lade sie dann neu."),
  off: t("This browser gets no pushes yet.", "Dieser Browser bekommt noch keine Pushes."),
  on: t("This browser gets pushes, also while no page is open.", "Dieser Browser bekommt Pushes, auch wenn keine Seite offen ist."),
};
const PATIENCE = 20; // seconds that a test message may take until we say that it is still under way
const second = () => new Promise((done) => setTimeout(done, 1000));

export async function open(root) {
  let wishes = null;
  let known = null;
  let browser = { is: "off" };
  let problem = null;
  let isBusy = false;
  let tried = {};
  let isClosed = false;

  const draw = () => isClosed || render(view(), root);
  const kept = memories(() => draw());
  const apps = connectedApps(() => draw());
  const safety = security(() => draw());
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
    draw();
    if (problem?.field) root.querySelector(`[name="${problem.field}"]`)?.focus();
  };
  const load = async () => {
    const settings = await api("/notifications/settings");
    wishes = { ...settings, time_zone: settings.time_zone === "UTC" ? zone : settings.time_zone };
    await loadPush();
  };
  const loadPush = async () => {
    known = await api("/notifications/push");
    browser = await push.state(known.subscriptions);
  };
  const put = async () => {
    const { can_email: _, ...body } = wishes;
    wishes = await api("/notifications/settings", { method: "PUT", body: { ...body, time_zone: zone } });
  };
  const save = () =>
    attempt(async () => {
      await put();
      toast(t("Saved", "Gespeichert"));
    });

  const attemptTest = (channel) =>
    attempt(async () => {
      tried[channel] = t("Sending …", "Wird gesendet …");
      draw();
      try {
        await put();
        const sent = await api("/notifications/test", { method: "POST", body: { channel } });
        tried[channel] = await outcome(sent[0].id);
      } catch (error) {
        tried[channel] = "";
        throw error;
      }
    });
  const outcome = async (id) => {
    for (let waited = 0; waited < PATIENCE; waited++) {
      const { state, error } = await api(`/notifications/deliveries/${id}`);
      if (state === "sent") return t("It has arrived there.", "Dort angekommen.");
      if (error) return `${t("It did not arrive.", "Nicht angekommen.")} ${error}`;
      await second();
    }
    return t("It is still under way.", "Noch unterwegs.");
  };

  const has = (kind, way) => wishes.channels[kind].includes(way);
  const toggle = (kind, way) => {
    const ways = wishes.channels[kind];
    wishes.channels[kind] = has(kind, way) ? ways.filter((each) => each !== way) : [...ways, way];
    draw();
  };
  const set = (name, value) => {
    wishes[name] = value;
    draw();
  };

  const cell = (kind, label, [way, name]) =>
    way === "page" && kind === "digest"
      ? html`<td></td>`
      : html`<td>
          <label><input type="checkbox" .checked=${live(has(kind, way))} @change=${() => toggle(kind, way)} /><span class="hidden-label">${label}: ${name}</span></label>
        </td>`;
  const table = () => html`<div class="matrix">
    <table>
      <thead>
        <tr><th scope="col"><span class="hidden-label">${t("What", "Was")}</span></th>${WAYS.map(([, name]) => html`<th scope="col">${name}</th>`)}</tr>
      </thead>
      <tbody>
        ${KINDS.map(([kind, label]) => html`<tr><th scope="row">${label}</th>${WAYS.map((way) => cell(kind, label, way))}</tr>`)}
      </tbody>
    </table>
  </div>`;

  const complaint = (name) => (problem?.field === name ? html`<p class="problem" id="problem-${name}" role="alert">${problem.message}</p>` : nothing);
  const invalid = (name) => (problem?.field === name ? "true" : nothing);
  const clock = (name, label) => html`<div class="field">
    <label for=${name}>${label}</label>
    <input id=${name} name=${name} type="time" required aria-invalid=${invalid(name)} .value=${live(wishes[name] ?? "")} @change=${({ target }) => set(name, target.value || null)} />
    ${complaint(name)}
  </div>`;
  const check = (id, label, isOn, change, hint) => html`<div class="field inline">
    <input type="checkbox" id=${id} .checked=${live(isOn)} @change=${({ target }) => change(target.checked)} aria-describedby=${hint ? `${id}-hint` : nothing} />
    <label for=${id}>${label}${hint ? html`<br /><small id="${id}-hint">${hint}</small>` : nothing}</label>
  </div>`;
  const setQuiet = (isOn) => {
    Object.assign(wishes, isOn ? { quiet_from: "22:00", quiet_until: "07:00" } : { quiet_from: null, quiet_until: null });
    draw();
  };

  const times = () => html`<section class="card form" aria-labelledby="times">
    <h2 id="times">${t("When", "Wann")}</h2>
    ${check("only_when_away", t("Only when I am away", "Nur wenn ich weg bin"), wishes.only_when_away, (isOn) => set("only_when_away", isOn), t("No push, e-mail or webhook while a page of Keiko is open.", "Kein Push, keine E-Mail, kein Webhook, solange eine Seite von Keiko offen ist."))}
    ${check("quiet", t("Quiet hours", "Ruhezeit"), wishes.quiet_from !== null, setQuiet, t("What happens meanwhile is in the inbox at once, and is sent afterwards.", "Was dann geschieht, steht sofort im Eingang und wird danach gesendet."))}
    ${wishes.quiet_from !== null ? html`<div class="row">${clock("quiet_from", t("From", "Von"))} ${clock("quiet_until", t("Until", "Bis"))}</div>` : nothing}
    ${check("digest", t("A daily digest of what is unread", "Täglich ein Überblick über Ungelesenes"), wishes.digest_at !== null, (isOn) => set("digest_at", isOn ? "08:00" : null))}
    ${wishes.digest_at !== null ? html`<div class="row">${clock("digest_at", t("At", "Um"))}</div>` : nothing}
    <small>${t("Times are those of", "Zeiten gelten für")} ${zone.replaceAll("_", " ")}.</small>
  </section>`;

  const address = (name, type, channel, label, hint, placeholder) => html`<div class="field">
    <label for=${name}>${label}</label>
    <div class="with-button">
      <input id=${name} name=${name} type=${type} autocomplete=${type === "email" ? "email" : "off"} placeholder=${placeholder} aria-invalid=${invalid(name)} aria-describedby="${name}-hint" .value=${live(wishes[name] ?? "")} @input=${({ target }) => set(name, target.value.trim() || null)} />
      <button class="button" type="button" aria-label="${t("Test", "Testen")}: ${label}" ?disabled=${isBusy || !wishes[name]} @click=${() => attemptTest(channel)}>${t("Test", "Testen")}</button>
    </div>
    <small id="${name}-hint">${hint}</small>
    <small role="status">${tried[channel] ?? ""}</small>
    ${complaint(name)}
  </div>`;
  const addresses = () => html`<section class="card form" aria-labelledby="addresses">
    <h2 id="addresses">${t("Where to", "Wohin")}</h2>
    ${wishes.can_email
      ? address("email", "email", "email", t("E-mail address", "E-Mail-Adresse"), t("Leave it empty for no e-mail.", "Leer lassen für keine E-Mail."), "name@example.org")
      : html`<p class="small">${t("E-mail is not set up here; whoever runs this Keiko sets KEIKO_SMTP_URL and KEIKO_SMTP_FROM.", "E-Mail ist hier nicht eingerichtet; wer dieses Keiko betreibt, setzt KEIKO_SMTP_URL und KEIKO_SMTP_FROM.")}</p>`}
    ${address("webhook_url", "url", "webhook", t("Webhook address", "Webhook-Adresse"), t("Of Slack, Mattermost, or whatever understands their messages.", "Von Slack, Mattermost oder was sonst deren Nachrichten versteht."), "https://hooks.slack.com/services/…")}
  </section>`;

  const others = () => known.subscriptions.filter(({ id }) => id !== browser.kept?.id);
  const drop = (id) =>
    attempt(async () => {
      await push.disable(id);
      await loadPush();
    });
  const enable = () =>
    attempt(async () => {
      await push.enable(known.public_key);
      await loadPush();
    });
  const device = (each) => html`<li>
    <span>${each.browser || t("Browser", "Browser")} <small>${t("since", "seit")} ${when(each.created_at)}</small></span>
    <button type="button" class="button small plain" ?disabled=${isBusy} @click=${() => api(`/notifications/push/${each.id}`, { method: "DELETE" }).then(loadPush).then(draw, draw)}>${t("Remove", "Entfernen")}</button>
  </li>`;
  const pushes = () => html`<section class="card form" aria-labelledby="push">
    <h2 id="push">${t("Push in this browser", "Push in diesem Browser")}</h2>
    <p role="status" data-push=${browser.is}>${PUSH[browser.is]}</p>
    <div class="actions">
      ${browser.is === "off" ? html`<button type="button" class="button" ?disabled=${isBusy} @click=${enable}>${t("Enable push in this browser", "Push in diesem Browser einschalten")}</button>` : nothing}
      ${browser.is === "on" ? html`<button type="button" class="button" ?disabled=${isBusy} @click=${() => drop(browser.kept.id)}>${t("Switch off", "Ausschalten")}</button>` : nothing}
      ${known.subscriptions.length ? html`<button type="button" class="button" aria-label="${t("Test", "Testen")}: Push" ?disabled=${isBusy} @click=${() => attemptTest("push")}>${t("Test", "Testen")}</button>` : nothing}
    </div>
    <small role="status">${tried.push ?? ""}</small>
    ${others().length ? html`<h3>${t("Other browsers", "Andere Browser")}</h3><ul class="devices">${others().map(device)}</ul>` : nothing}
  </section>`;

  const toSecurity = (event) => {
    event?.preventDefault();
    document.getElementById("security-title")?.focus();
    document.getElementById("security")?.scrollIntoView();
  };
  const general = () => (problem && !root.querySelector(`[name="${problem.field}"]`) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing);
  const view = () =>
    html`<div class="heading">
        <h1>${t("Settings", "Einstellungen")}</h1>
        <a class="button" href="#security" @click=${toSecurity}>${t("Security", "Sicherheit")}</a>
      </div>
      ${general()}
      ${wishes && known
        ? html`<form class="form settings-form" novalidate @submit=${(event) => (event.preventDefault(), save())}>
            <section class="card form" aria-labelledby="what">
              <h2 id="what">${t("How you are told", "Wie du Bescheid bekommst")}</h2>
              ${table()}
              <small>${t("Everything is in the inbox, whatever you choose here. When what you sign in with changes, you are told at once by every way there is.", "Im Eingang steht alles, was immer du hier wählst. Ändert sich, womit du dich anmeldest, erfährst du es sofort und auf jedem Weg.")}</small>
            </section>
            ${times()} ${addresses()} ${pushes()}
            <div class="save"><button class="button primary" ?disabled=${isBusy}>${t("Save", "Speichern")}</button></div>
          </form>
            <div class="form settings-form settings-more">${safety.view()} ${kept.view()} ${apps.view()}</div>`
        : nothing}`;

  await attempt(load);
  await Promise.all([safety.load(), kept.load(), apps.load()]);
  if (location.hash === "#security") toSecurity();
  return () => {
    isClosed = true;
  };
}
