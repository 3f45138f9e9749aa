// What pages that list things have in common: rows that are walked by keyboard, menus that close,
// and listening to what happens for as long as the page is open.

import { events, isTyping } from "./kit.js";

export const isSeen = () => document.visibilityState === "visible";

// Close the menus of the rows, but for the one that `target` is in.
export const closeMenus = (root, target = null) =>
  root.querySelectorAll(".menu[open]").forEach((menu) => menu.contains(target) || (menu.open = false));

// Choose the next row (`step` 1) or the one before (-1), from wherever the focus is.
function move(rows, step) {
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const next = now < 0 && step < 0 ? rows.length - 1 : Math.min(Math.max(now + step, 0), rows.length - 1);
  rows[next]?.focus();
}

// Listen until what comes back is called. `hear(type)` is told of every event, `look()` whenever
// the page comes into view or goes. `keys` are what each key does, beside j and k, which walk over
// the elements `rows`; a key that does nothing gives back false and stays the browser's.
export function listen(root, { rows, keys, hear, look }) {
  const walk = (step) => move([...root.querySelectorAll(rows)], step);
  const all = { j: () => walk(1), k: () => walk(-1), ...keys };
  const press = (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(all, event.key)) return;
    if (all[event.key]() !== false) event.preventDefault();
  };
  const over = new AbortController();
  const { signal } = over;
  events.addEventListener("any", ({ detail: { type } }) => hear(type), { signal });
  document.addEventListener("keydown", press, { signal });
  document.addEventListener("click", ({ target }) => closeMenus(root, target), { signal });
  document.addEventListener("visibilitychange", () => look(), { signal });
  return () => over.abort();
}
