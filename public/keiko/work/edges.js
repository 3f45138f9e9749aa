// A row that scrolls sideways where not all of it fits: an arrow at each edge that hides some says so, and leads on.
// A keyboard needs no arrow: what has the focus comes into view.

import { html, t } from "./kit.js";

const arrow = (side, shape) => html`<button class="edge ${side}" type="button" title=${t("More pages", "Weitere Seiten")} tabindex="-1" aria-hidden="true" hidden @click=${goOn}>
  <svg viewBox="0 0 16 16" width="16" height="16" focusable="false"><path d=${shape} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>
</button>`;

// The row with its arrows.
export const edged = (row) => html`<div class="edged">${arrow("start", "M10 3l-5 5 5 5")}${row}${arrow("end", "M6 3l5 5-5 5")}</div>`;

function goOn({ currentTarget: edge }) {
  const row = edge.parentElement.querySelector("nav");
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  row.scrollBy({ left: row.clientWidth * (edge.classList.contains("end") ? 0.85 : -0.85), behavior });
}

function center(row, each) {
  row.scrollLeft = each.offsetLeft - (row.clientWidth - each.offsetWidth) / 2;
}

const observers = new WeakMap();

function look(row) {
  const { scrollLeft, scrollWidth, clientWidth, parentElement: box } = row;
  box.querySelector(".edge.start").hidden = scrollLeft <= 1;
  box.querySelector(".edge.end").hidden = scrollLeft + clientWidth >= scrollWidth - 1;
}

function bring(row) {
  const current = row.querySelector("[aria-current]");
  if (current) center(row, current);
  look(row);
}

// From now on show the arrows that there is need of; and bring what is current into view.
export function watch(row) {
  if (!observers.has(row)) {
    observers.set(row, new ResizeObserver(() => bring(row)));
    row.addEventListener("scroll", () => look(row), { passive: true });
    row.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && center(row, target));
  }
  for (const each of [row, ...row.children]) observers.get(row).observe(each);
  bring(row);
}
