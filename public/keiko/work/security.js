// "Security", a part of the page "Settings": how one signs in, where one is signed in, and who else may.

import { html, t } from "./kit.js";
import { apiKeys } from "./api-keys.js";
import { credentials } from "./credentials.js";
import { linkedAccounts } from "./linked-accounts.js";
import { sessions } from "./sessions.js";

export function security(draw) {
  const where = sessions(draw);
  const parts = [credentials(draw, where.load), linkedAccounts(draw), where, apiKeys(draw)];

  const load = () => Promise.all(parts.map((part) => part.load()));
  const view = () => html`<div class="form" id="security" role="region" aria-labelledby="security-title"><h2 class="group" id="security-title" tabindex="-1">${t("Security", "Sicherheit")}</h2>${parts.map((part) => part.view())}</div>`;
  return { load, view };
}
