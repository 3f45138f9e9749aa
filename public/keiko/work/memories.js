// What Keiko remembers for its reader: a part of the page "Settings".

import { api, html, live, nothing, repeat, t, toast, undo, when } from "./kit.js";

const PAGE = 20;
const BY = { user: t("by you", "von dir"), assistant: t("by Keiko", "von Keiko") };

export function memories(draw) {
  let items = null;
  let cursor = null;
  let search = "";
  let text = "";
  let problem = null;
  const going = new Set();

  const look = async (after) => {
    const wanted = new URLSearchParams({ limit: PAGE });
    if (search) wanted.set("search", search);
    if (after) wanted.set("after", after);
    return api(`/memories?${wanted}`);
  };
  const load = async () => {
    const asked = search;
    try {
      const page = await look();
      if (asked !== search) return;
      items = page.items;
      cursor = page.next_cursor;
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const more = async () => {
    const page = await look(cursor);
    items = [...items, ...page.items];
    cursor = page.next_cursor;
    draw();
  };
  const add = async () => {
    problem = null;
    try {
      await api("/memories", { method: "POST", body: { text } });
      text = "";
    } catch (error) {
      problem = error;
    }
    await load();
  };
  const forget = async (memory) => {
    going.add(memory.id);
    draw();
    const isKept = await undo(t("Forgotten", "Vergessen"));
    try {
      if (!isKept) await api(`/memories/${memory.id}`, { method: "DELETE" });
    } catch (error) {
      toast(error.message, "problem");
    }
    if (isKept) going.delete(memory.id);
    await load();
  };
  const find = (value) => {
    search = value.trim();
    load();
  };
  const enter = (work) => (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    work();
  };

  const row = (memory) => html`<li>
    <span>${memory.text}<br /><small>${memory.source_name || BY[memory.source]} · ${when(memory.created_at)}</small></span>
    <button class="button small plain" type="button" aria-label=${`${t("Forget", "Vergessen")}: ${memory.text.slice(0, 80)}`} @click=${() => forget(memory)}>${t("Forget", "Vergessen")}</button>
  </li>`;
  const shown = () => items.filter(({ id }) => !going.has(id));
  const view = () => html`<section class="card form" aria-labelledby="memories-title">
    <h2 id="memories-title">${t("What Keiko remembers", "Was Keiko sich merkt")}</h2>
    <p class="small">${t("Say “remember that …” in a chat, or write it here. It helps with later answers.", "Sag „merk dir, dass …“ im Chat oder schreib es hier. Es hilft bei späteren Antworten.")}</p>
    <div class="field">
      <label for="memory-text">${t("Remember this", "Das merken")}</label>
      <div class="with-button">
        <input id="memory-text" maxlength="2000" autocomplete="off" aria-invalid=${problem ? "true" : nothing} .value=${live(text)} @input=${({ target }) => (text = target.value)} @keydown=${enter(add)} />
        <button class="button" type="button" @click=${add}>${t("Remember", "Merken")}</button>
      </div>
      ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    </div>
    ${items && (items.length || search)
      ? html`<div class="field">
          <label for="memory-search">${t("Search", "Suchen")}</label>
          <input id="memory-search" type="search" maxlength="200" autocomplete="off" .value=${live(search)} @input=${({ target }) => find(target.value)} @keydown=${enter(() => {})} />
        </div>`
      : nothing}
    ${items && shown().length ? html`<ul class="kept">${repeat(shown(), ({ id }) => id, row)}</ul>` : nothing}
    ${items && !shown().length ? html`<p class="small">${search ? t("Nothing shares a word with this.", "Nichts hat ein Wort damit gemeinsam.") : t("Nothing yet.", "Noch nichts.")}</p>` : nothing}
    ${cursor ? html`<button class="button" type="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button>` : nothing}
  </section>`;

  return { load, view };
}
