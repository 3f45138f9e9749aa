// Whom a server of tools is registered for: oneself, everybody, or the members of a group.

import { api, html, live, t } from "./kit.js";

// All groups, for an admin; null for everybody else.
export async function groupsForAdmin() {
  const me = await api("/me").catch(() => null);
  return me?.role === "admin" ? await api("/groups").catch(() => []) : null;
}

// What a request says of it; `whom` is empty, "everybody", or the id of a group.
export const sharing = (whom) => (whom === "everybody" ? { shared: true } : whom ? { group_id: whom } : {});

export const forWhom = (whom, groups, choose) => html`<div class="field">
  <label for="server-whom">${t("For whom", "Für wen")}</label>
  <select id="server-whom" name="group_id" @change=${({ target }) => choose(target.value)}>
    <option value="" .selected=${live(whom === "")}>${t("Only for me", "Nur für mich")}</option>
    <option value="everybody" .selected=${live(whom === "everybody")}>${t("For everybody here", "Für alle hier")}</option>
    ${groups.map(({ id, name }) => html`<option value=${id} .selected=${live(whom === id)}>${t(`For the group ${name}`, `Für die Gruppe ${name}`)}</option>`)}
  </select>
</div>`;
