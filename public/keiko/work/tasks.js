// The page "Tasks".

import { html, render, t } from "./kit.js";

export async function open(root) {
  render(html`<h1>${t("Tasks", "Aufgaben")}</h1>`, root);
  return () => {};
}
