// The page "Settings".

import { html, render, t } from "./kit.js";

export async function open(root) {
  render(html`<h1>${t("Settings", "Einstellungen")}</h1>`, root);
  return () => {};
}
