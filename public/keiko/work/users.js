// The page "Users", for admins: who may sign in, as what, and in which groups.

import { api, confirm, copy, html, live, newest, nothing, render, repeat, t, toast, when } from "./kit.js";
import { withProof } from "./proof.js";
import { groups } from "./user-groups.js";

const ROLES = [
  ["admin", t("Admin", "Admin"), t("everything", "alles")],
  ["operator", t("Operator", "Betreuer"), t("looks after what all share", "betreut, was alle teilen")],
  ["user", t("User", "Benutzer"), t("works with what is their own", "arbeitet mit dem Eigenen")],
  ["viewer", t("Viewer", "Leser"), t("only reads", "liest nur")],
];

export async function open(root) {
  let users = null;
  let me = null;
  let problem = null;
  let role = "user";
  let invited = null;
  const draw = () => render(view(), root);

  const load = newest(
    () => api("/users"),
    async (answer) => {
      users = answer.found ?? users;
      problem = answer.problem;
      draw();
    },
  );
  const parts = groups(draw, load);
  const act = async (path, method, body) => {
    try {
      await withProof(() => api(path, { method, body }));
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
  };
  const invite = async () => {
    try {
      invited = await withProof(() => api("/users/invitations", { method: "POST", body: { role } }));
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
    document.getElementById("invitation")?.focus();
  };
  const changeRole = async (user, { target }) => {
    const wanted = target.value;
    const text = t(`Make ${user.username} “${label(wanted)}”? They have to sign in again.`, `${user.username} zu „${label(wanted)}“ machen? Danach ist eine neue Anmeldung nötig.`);
    if (await confirm(text)) await act(`/users/${user.id}/role`, "PUT", { role: wanted });
    else draw();
  };
  const disable = async (user) => {
    const text = t(`Disable the account of ${user.username}? Sessions and keys end at once; what it has is kept.`, `Das Konto von ${user.username} sperren? Sitzungen und Schlüssel enden sofort; was es hat, bleibt.`);
    if (await confirm(text, { yes: t("Disable", "Sperren"), no: t("Cancel", "Abbrechen") })) await act(`/users/${user.id}/disable`, "POST");
  };
  const signOut = async (user) => {
    if (await confirm(t(`Sign ${user.username} out everywhere?`, `${user.username} überall abmelden?`))) await act(`/users/${user.id}/sessions`, "DELETE");
  };

  const label = (name) => ROLES.find(([each]) => each === name)?.[1] ?? name;
  const isMe = (user) => user.id === me?.user_id;
  const sessions = (count) => (count === 1 ? t("1 session", "1 Sitzung") : t(`${count} sessions`, `${count} Sitzungen`));
  const facts = (user) =>
    [
      user.last_login_at ? `${t("last signed in", "zuletzt angemeldet")} ${when(user.last_login_at)}` : t("never signed in", "nie angemeldet"),
      user.sessions ? sessions(user.sessions) : null,
      user.second_factor ? t("second factor", "zweiter Faktor") : t("no second factor", "kein zweiter Faktor"),
    ]
      .filter(Boolean)
      .join(" · ");
  const row = (user) => html`<li class="card user" data-user=${user.username}>
    <div class="who">
      <h2>${user.username}${user.full_name ? html` <small>${user.full_name}</small>` : nothing}</h2>
      ${isMe(user) ? html`<span class="badge busy">${t("you", "du")}</span>` : nothing}
      ${user.is_active ? nothing : html`<span class="badge bad">${t("disabled", "gesperrt")}</span>`}
      ${user.groups.map((name) => html`<span class="badge">${name}</span>`)}
    </div>
    <p class="small">${facts(user)}</p>
    <div class="actions">
      <select class="input role" aria-label=${`${t("Role of", "Rolle von")} ${user.username}`} ?disabled=${isMe(user)} @change=${(event) => changeRole(user, event)}>
        ${ROLES.map(([name, text]) => html`<option value=${name} .selected=${live(name === user.role)}>${text}</option>`)}
      </select>
      ${user.sessions ? html`<button class="button small" type="button" @click=${() => signOut(user)}>${t("Sign out everywhere", "Überall abmelden")}</button>` : nothing}
      ${isMe(user)
        ? nothing
        : user.is_active
          ? html`<button class="button small danger" type="button" @click=${() => disable(user)}>${t("Disable", "Sperren")}</button>`
          : html`<button class="button small" type="button" @click=${() => act(`/users/${user.id}/enable`, "POST")}>${t("Enable again", "Entsperren")}</button>`}
    </div>
  </li>`;
  const invitation = () => html`<section class="card form" aria-labelledby="invite-title">
    <h2 id="invite-title">${t("Invite somebody", "Jemanden einladen")}</h2>
    <div class="field">
      <label for="invite-role">${t("As", "Als")}</label>
      <div class="with-button">
        <select id="invite-role" @change=${({ target }) => (role = target.value)}>
          ${ROLES.map(([name, text, means]) => html`<option value=${name} .selected=${live(name === role)}>${text}: ${means}</option>`)}
        </select>
        <button class="button" type="button" @click=${invite}>${t("Make a link", "Link anlegen")}</button>
      </div>
    </div>
    ${invited
      ? html`<div class="field">
          <label for="invitation">${t("Give them this link. It is good once, until", "Gib diesen Link weiter. Er gilt einmal, bis")} ${when(invited.expires_at)}</label>
          <div class="with-button">
            <input id="invitation" readonly .value=${invited.link} @focus=${({ target }) => target.select()} />
            <button class="button" type="button" @click=${() => copy("invitation")}>${t("Copy", "Kopieren")}</button>
          </div>
        </div>`
      : nothing}
  </section>`;
  const view = () => html`
    <div class="heading"><h1>${t("Users", "Benutzer")}</h1></div>
    ${problem && !users ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    ${users ? html`<ul class="list">${repeat(users, ({ id }) => id, row)}</ul> ${invitation()} ${parts.view(users)}` : nothing}
  `;

  draw();
  me = await api("/me");
  await load();
  if (users) await parts.load();
}
