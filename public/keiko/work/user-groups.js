// Groups of users: a part of the page "Users".

import { api, confirm, html, live, nothing, t, toast } from "./kit.js";

export function groups(draw, changed) {
  let items = null;
  let name = "";
  let problem = null;

  const load = async () => {
    try {
      items = await api("/groups");
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const act = async (path, method, body) => {
    try {
      await api(path, { method, body });
    } catch (error) {
      toast(error.message, "problem");
    }
    await Promise.all([load(), changed()]);
  };
  const add = async (event) => {
    event.preventDefault();
    problem = null;
    try {
      await api("/groups", { method: "POST", body: { name } });
      name = "";
    } catch (error) {
      problem = error;
    }
    await load();
  };
  const put = (group, usernames) => act(`/groups/${group.id}/members`, "PUT", { usernames });
  const remove = async (group) => {
    const text = t(`Remove “${group.name}”, and the servers of tools that are its own?`, `„${group.name}“ entfernen, mit den Werkzeug-Servern, die nur ihr dienen?`);
    if (await confirm(text)) await act(`/groups/${group.id}`, "DELETE");
  };

  const member = (group, username) => html`<span class="badge">${username}
    <button class="button small plain" type="button" aria-label=${t(`Take ${username} out of ${group.name}`, `${username} aus ${group.name} nehmen`)} @click=${() => put(group, group.members.filter((each) => each !== username))}>×</button>
  </span>`;
  const row = (group, users) => {
    const others = users.filter(({ username }) => !group.members.includes(username));
    return html`<li data-group=${group.name}>
      <span><strong>${group.name}</strong><br />${group.members.length ? group.members.map((each) => member(group, each)) : html`<small>${t("nobody", "niemand")}</small>`}</span>
      <span class="actions">
        ${others.length
          ? html`<select class="input" aria-label=${`${t("Add to", "Hinzufügen zu")} ${group.name}`} @change=${({ target }) => put(group, [...group.members, target.value])}>
              <option value="" disabled .selected=${live(true)}>${t("Add…", "Hinzufügen…")}</option>
              ${others.map(({ username }) => html`<option value=${username}>${username}</option>`)}
            </select>`
          : nothing}
        <button class="button small plain" type="button" aria-label=${`${t("Remove", "Entfernen")}: ${group.name}`} @click=${() => remove(group)}>${t("Remove", "Entfernen")}</button>
      </span>
    </li>`;
  };
  const view = (users) => html`<section class="card form" aria-labelledby="groups-title">
    <h2 id="groups-title">${t("Groups", "Gruppen")}</h2>
    <p class="small">${t("What is shared with a group, as a server of tools, is for its members.", "Was mit einer Gruppe geteilt ist, etwa ein Werkzeug-Server, ist für ihre Mitglieder da.")}</p>
    ${items?.length ? html`<ul class="kept">${items.map((group) => row(group, users))}</ul>` : nothing}
    <form class="field" novalidate @submit=${add}>
      <label for="group-name">${t("New group", "Neue Gruppe")}</label>
      <div class="with-button">
        <input id="group-name" maxlength="50" autocomplete="off" aria-invalid=${problem ? "true" : nothing} .value=${live(name)} @input=${({ target }) => (name = target.value)} />
        <button class="button">${t("Add", "Anlegen")}</button>
      </div>
      ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    </form>
  </section>`;

  return { load, view };
}
