// The form for a site that shows Keiko: its pages, and what their visitors may do and read there.

import { api, html, live, nothing, render, t } from "./kit.js";

const TEXTS = [
  ["title", t("Title", "Titel")],
  ["greeting", t("Greeting", "Begrüßung")],
  ["placeholder", t("In the empty field", "Im leeren Feld")],
  ["disclaimer", t("Note below the field", "Hinweis unter dem Feld")],
];
const LANGUAGES = [
  ["en", t("Texts in English", "Texte auf Englisch")],
  ["de", t("Texts in German", "Texte auf Deutsch")],
];
const COLORS = [
  ["accent", t("Light", "Hell"), "#24566b"], // what is usual
  ["accent_dark", t("Dark", "Dunkel"), "#8fc7db"],
];

let dialog = null;
let old = null;
let models = [];
let values = {};
let before = {}; // what the form would have sent when it was opened
let problem = null;
let isSending = false;
let done = () => {};

// What is sent

const rows = (text) => text.split("\n").map((row) => row.trim()).filter(Boolean);
const filled = (pairs) => Object.fromEntries(pairs.filter(([, value]) => value.trim()).map(([name, value]) => [name, value.trim()]));
const bodyOf = (from) => ({
  name: from.name.trim(),
  origins: rows(from.origins),
  allows_anonymous: from.allows_anonymous,
  model: from.model || null,
  instructions: from.instructions.trim() || null,
  tools: rows(from.tools),
  allows_functions: from.allows_functions,
  messages_per_visitor_day: Number(from.messages_per_visitor_day) || 0,
  messages_per_day: Number(from.messages_per_day) || 0,
  texts: Object.fromEntries(LANGUAGES.map(([language]) => [language, filled(TEXTS.map(([name]) => [name, from[`texts.${language}.${name}`]]))])),
  colors: { ...from.colors, ...filled(COLORS.map(([name]) => [name, from[`colors.${name}`]])) },
});
const valuesOf = (site) => ({
  name: site?.name ?? "",
  origins: (site?.origins ?? []).join("\n"),
  allows_anonymous: site?.allows_anonymous ?? false,
  model: site?.model ?? "",
  instructions: site?.instructions ?? "",
  tools: (site?.tools ?? []).join("\n"),
  allows_functions: site?.allows_functions ?? true,
  messages_per_visitor_day: String(site?.messages_per_visitor_day ?? 100),
  messages_per_day: String(site?.messages_per_day ?? 2000),
  ...Object.fromEntries(LANGUAGES.flatMap(([language]) => TEXTS.map(([name]) => [`texts.${language}.${name}`, site?.texts[language]?.[name] ?? ""]))),
  ...Object.fromEntries(COLORS.map(([name]) => [`colors.${name}`, site?.colors[name] ?? ""])),
  colors: Object.fromEntries(Object.entries(site?.colors ?? {}).filter(([name]) => !COLORS.some(([each]) => each === name))), // others stay
});
const changes = (body) => Object.fromEntries(Object.entries(body).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));

// The fields

const isWrong = (name) => problem?.field === name;
const complaint = (name) => (isWrong(name) ? html`<p class="problem" id="site-${name}-problem" role="alert">${problem.message}</p>` : nothing);
const told = (name, hint) => [hint && `site-${name}-hint`, isWrong(name) && `site-${name}-problem`].filter(Boolean).join(" ") || nothing;
const set = (name, value) => {
  values = { ...values, [name]: value };
  draw();
};
const type = (name) => ({ target }) => set(name, target.value);
const shell = (name, label, control, hint) => html`<div class="field">
  <label for="site-${name}">${label}</label>
  ${control} ${complaint(name)} ${hint ? html`<small id="site-${name}-hint">${hint}</small>` : nothing}
</div>`;
const line = (name, label, hint, more = {}) =>
  shell(
    name,
    label,
    html`<input id="site-${name}" name=${name} type=${more.type ?? "text"} autocomplete="off" maxlength=${more.most ?? nothing} min=${more.type === "number" ? 1 : nothing} lang=${more.language ?? nothing}
      aria-invalid=${isWrong(name) ? "true" : nothing} aria-describedby=${told(name, hint)} .value=${live(values[name])} @input=${type(name)} />`,
    hint,
  );
const lines = (name, label, hint, more = {}) =>
  shell(
    name,
    label,
    html`<textarea id="site-${name}" name=${name} rows="2" spellcheck=${more.isProse ? "true" : "false"} maxlength=${more.most ?? nothing} placeholder=${more.placeholder ?? nothing}
      aria-invalid=${isWrong(name) ? "true" : nothing} aria-describedby=${told(name, hint)} .value=${live(values[name])} @input=${type(name)}></textarea>`,
    hint,
  );
const check = (name, label, hint) => html`<div class="field">
  <label class="field inline"><input type="checkbox" name=${name} aria-describedby=${told(name, hint)} .checked=${live(values[name])} @change=${({ target }) => set(name, target.checked)} />${label}</label>
  <small id="site-${name}-hint">${hint}</small>
</div>`;
const model = () => {
  const names = models.map(({ name }) => name);
  if (values.model && !names.includes(values.model)) names.push(values.model);
  return shell(
    "model",
    t("Model", "Modell"),
    html`<select id="site-model" name="model" aria-invalid=${isWrong("model") ? "true" : nothing} aria-describedby=${told("model")} @change=${type("model")}>
      <option value="" .selected=${live(!values.model)}>${t("The usual one", "Das übliche")}</option>
      ${names.map((name) => html`<option value=${name} .selected=${live(name === values.model)}>${name}</option>`)}
    </select>`,
  );
};
const texts = ([language, label]) => html`<details ?open=${Boolean(problem?.field?.startsWith("texts") && (problem.field.split(".")[1] ?? "en") === language)}>
  <summary>${label}</summary>
  ${TEXTS.map(([name, text]) => line(`texts.${language}.${name}`, text, "", { most: 300, language }))}
</details>`;
const color = ([name, label, usual]) => {
  const field = `colors.${name}`;
  const picked = /^#[0-9a-f]{6}$/i.test(values[field].trim()) ? values[field].trim() : usual;
  return shell(
    field,
    label,
    html`<div class="with-button">
      <input id="site-${field}" name=${field} autocomplete="off" spellcheck="false" maxlength="7" placeholder=${usual} aria-invalid=${isWrong(field) || isWrong("colors") ? "true" : nothing}
        aria-describedby=${isWrong("colors") ? told("colors") : told(field)} .value=${live(values[field])} @input=${type(field)} />
      <input type="color" aria-label=${t(`Choose: ${label}`, `Wählen: ${label}`)} .value=${live(picked)} @input=${type(field)} />
    </div>`,
  );
};

// The dialog

const title = () => (old ? t("Edit site", "Website bearbeiten") : t("New site", "Neue Website"));
const hasPlace = ({ field }) => field === "texts" || field === "colors" || Boolean(dialog?.querySelector(`[name="${field}"]`));
const form = () => html`<form class="form" @submit=${send} novalidate>
  <h2>${title()}</h2>
  ${line("name", t("Name", "Name"), "", { most: 60 })}
  ${lines("origins", t("Pages that may show Keiko", "Seiten, die Keiko zeigen dürfen"), t("One origin per line, without a path.", "Ein Ursprung je Zeile, ohne Pfad."), { placeholder: "https://www.example.com" })}
  ${check("allows_anonymous", t("People nobody knows may write", "Auch Unbekannte dürfen schreiben"), t("Otherwise only those whom the site's server vouches for.", "Sonst nur, für wen der Server der Website bürgt."))}
  ${model()}
  ${lines("instructions", t("Instructions (optional)", "Anweisungen (freiwillig)"), t("What the assistant is told there.", "Was dem Assistenten dort gesagt wird."), { most: 2000, isProse: true })}
  ${lines("tools", t("Tools", "Werkzeuge"), t("One pattern per line: server/tool, or server/*. None means no tools.", "Ein Muster je Zeile: server/werkzeug oder server/*. Keines heißt: keine Werkzeuge."), { placeholder: "shop/*" })}
  ${check("allows_functions", t("Pages may offer functions", "Seiten dürfen Funktionen anbieten"), t("The assistant may call them; the visitor is asked first, unless they only read.", "Der Assistent darf sie aufrufen; gefragt wird vorher, außer sie lesen nur."))}
  <div class="row">
    ${line("messages_per_visitor_day", t("Messages a day, per visitor", "Nachrichten am Tag, je Besucher"), "", { type: "number" })}
    ${line("messages_per_day", t("Messages a day, all together", "Nachrichten am Tag, insgesamt"), "", { type: "number" })}
  </div>
  <fieldset class="field site-colors">
    <legend>${t("Accent colour (optional)", "Akzentfarbe (freiwillig)")}</legend>
    <div class="row">${COLORS.map(color)}</div>
    ${complaint("colors")}
  </fieldset>
  ${LANGUAGES.map(texts)} ${complaint("texts")}
  ${problem && !hasPlace(problem) ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
  <div class="actions">
    <button class="button primary" type="submit" aria-disabled=${isSending}>${old ? t("Save", "Speichern") : t("Make the site", "Website anlegen")}</button>
    <button class="button" type="button" @click=${() => dialog.close()}>${t("Close", "Schließen")}</button>
  </div>
</form>`;

function draw() {
  if (dialog) render(form(), dialog);
}

// The place at which something is said: "origins.0" is at "origins", "texts.de.title" has its own.
function placeOf(field = "") {
  const exact = dialog?.querySelector(`[name="${field}"]`);
  return exact ? field : field.split(".")[0];
}

async function send(event) {
  event.preventDefault();
  if (isSending) return;
  const mine = dialog;
  isSending = true;
  problem = null;
  draw();
  try {
    const body = bodyOf(values);
    const answer = await api(old ? `/sites/${old.id}` : "/sites", { method: old ? "PATCH" : "POST", body: old ? changes(body) : body });
    mine.close();
    done(answer);
  } catch (error) {
    const field = placeOf(error.field);
    problem = { message: error.message, field };
    draw();
    const isGroup = field === "texts" || field === "colors";
    mine.querySelector(isGroup ? `[name^="${field}."]` : `[name="${field}"]`)?.focus();
  } finally {
    isSending = false;
    draw();
  }
}

// Close the form, if it is open.
export function leave() {
  dialog?.close();
}

// Ask for a new site, or (`site`) for what shall be different; `whenKept` is told what was answered.
export async function ask(site, whenKept) {
  leave();
  old = site;
  done = whenKept;
  problem = null;
  values = valuesOf(site);
  before = bodyOf(values);
  const mine = document.createElement("dialog");
  dialog = mine;
  mine.className = "card dialog site-form";
  mine.setAttribute("aria-label", title());
  mine.onclose = () => {
    mine.remove();
    if (dialog === mine) dialog = null;
  };
  document.body.append(mine);
  draw();
  mine.showModal();
  mine.querySelector("input").focus();
  models = await api("/models").catch(() => []);
  draw();
}
