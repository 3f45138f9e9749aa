// The page "Schedules".

import { html, render, t } from "./kit.js";

export async function open(root) {
  render(html`<h1>${t("Schedules", "Zeitpläne")}</h1>`, root);
  return () => {};
}
