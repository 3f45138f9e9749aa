// The page "Inbox".

import { html, render, t } from "./kit.js";

export async function open(root) {
  render(html`<h1>${t("Inbox", "Eingang")}</h1>`, root);
  return () => {};
}
