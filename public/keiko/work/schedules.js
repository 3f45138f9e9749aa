// The page "Schedules": what Keiko is asked by itself, and when.

import { api, html, isPanel, newest, nothing, render, repeat, t, toast, undo } from "./kit.js";
import { closeMenus, isSeen, listen } from "./list.js";
import { ask, leave } from "./schedule-form.js";
import { row } from "./schedule-row.js";

const AT_ONCE = 50;
const MOST = 500; // schedules that are looked at again at once
const RUNS_AT_ONCE = 10;
const LOOK_AGAIN = 30_000; // ms; for what an event that was lost would have told
const SOON = 250; // ms in which several events are one look
const EXAMPLES = [
  [t("every weekday at 8", "jeden Werktag um 8"), t("What is in the news today?", "Was steht heute in den Nachrichten?")],
  [t("every Monday at 9", "jeden Montag um 9"), t("What have I planned for this week?", "Was habe ich diese Woche vor?")],
];
const SAID = {
  run: (name) => t(`“${name}” runs now.`, `„${name}“ läuft jetzt.`),
  pause: (name) => t(`“${name}” is paused.`, `„${name}“ ist angehalten.`),
  resume: (name) => t(`“${name}” goes on.`, `„${name}“ geht weiter.`),
};

export async function open(root) {
  let items = null;
  let wanted = AT_ONCE;
  let cursor = null;
  let problem = null;
  let isClosed = false;
  let timer = 0;
  const runs = new Map(); // of the schedules whose runs are shown

  // What there is

  const load = newest(
    () => api(`/schedules?limit=${wanted}`),
    async (answer) => {
      problem = answer.problem;
      if (answer.found) ({ items, next_cursor: cursor } = answer.found);
      draw();
      await Promise.all([...runs.keys()].map(loadRuns));
    },
  );
  const more = async () => {
    if (wanted + AT_ONCE <= MOST) {
      wanted += AT_ONCE;
      return load(); // a look that is under way would bring fewer: this one overtakes it
    }
    try {
      const page = await api(`/schedules?${new URLSearchParams({ limit: AT_ONCE, after: cursor })}`);
      const known = new Set(items.map(({ id }) => id));
      items.push(...page.items.filter(({ id }) => !known.has(id)));
      cursor = page.next_cursor;
    } catch (error) {
      toast(error.message, "problem");
    }
    draw();
  };
  const loadRuns = async (id) => {
    const found = await api(`/schedules/${id}/runs?limit=${RUNS_AT_ONCE}`).then(
      (page) => ({ items: page.items, cursor: page.next_cursor }),
      (error) => ({ problem: error }),
    );
    if (runs.has(id)) runs.set(id, found);
    draw();
  };
  const soon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      load();
    }, SOON);
  };

  // What can be done

  const focusOn = (id) => root.querySelector(`[data-schedule="${id}"]`)?.focus();
  const act = async ({ id, name }, verb) => {
    try {
      await api(`/schedules/${id}/${verb}`, { method: "POST" });
      toast(SAID[verb](name));
    } catch (error) {
      toast(error.message, "problem");
    }
    const isLost = verb !== "run" && root.contains(document.activeElement); // its button goes
    await load();
    if (isLost) focusOn(id);
  };
  const remove = async ({ id, name }) => {
    closeMenus(root);
    const next = items[items.findIndex((one) => one.id === id) + 1]?.id;
    try {
      await api(`/schedules/${id}`, { method: "DELETE" });
    } catch (error) {
      toast(error.message, "problem");
      return;
    }
    runs.delete(id);
    await load();
    if (next) focusOn(next);
    const isWantedBack = await undo(t(`“${name}” is removed; its conversation stays.`, `„${name}“ ist entfernt; das Gespräch bleibt.`));
    if (!isWantedBack) return;
    try {
      await api(`/schedules/${id}/restore`, { method: "POST" });
    } catch (error) {
      toast(error.message, "problem");
    }
    await load();
    focusOn(id);
  };
  const look = ({ id }) => {
    if (runs.delete(id)) return draw();
    runs.set(id, {});
    draw();
    return loadRuns(id);
  };
  const create = (given) =>
    ask(
      null,
      async ({ id }) => {
        toast(t("The schedule is kept. It runs by itself from now on.", "Der Zeitplan steht. Er läuft ab jetzt von selbst."));
        await load();
        focusOn(id);
      },
      given,
    );
  const edit = (schedule) => {
    closeMenus(root);
    ask(schedule, async ({ id }) => {
      toast(t("Saved", "Gespeichert"));
      await load();
      focusOn(id);
    });
  };

  // What is shown

  const empty = () => html`<div class="empty">
    <h2>${t("Nothing is asked by itself yet.", "Noch wird nichts von selbst gefragt.")}</h2>
    <p>${t("Have Keiko do something every morning, once next week, or whenever you like.", "Lass Keiko jeden Morgen etwas tun, einmal nächste Woche, oder wann du magst.")}</p>
    <p class="examples">
      ${EXAMPLES.map(([time, text]) => html`<button class="button small" type="button" @click=${() => create({ when: time, text })}>${time}</button>`)}
    </p>
  </div>`;
  const list = () => {
    if (items === null) return html`<p class="quiet" role="status">${problem ? "" : t("One moment …", "Einen Moment …")}</p>`;
    if (!items.length) return empty();
    return html`<ul class="list">
        ${repeat(items, ({ id }) => id, (schedule) => row(schedule, runs.get(schedule.id), { act, edit, remove, look }))}
      </ul>
      ${cursor ? html`<p class="more"><button class="button" type="button" @click=${more}>${t("Show more", "Mehr zeigen")}</button></p>` : nothing}
      <p class="keys small">${t("Keys: j and k choose, Enter edits, Del removes, n is new.", "Tasten: j und k wählen, Enter bearbeitet, Entf entfernt, n ist neu.")}</p>`;
  };
  function draw() {
    if (isClosed) return;
    render(
      html`<div class="heading">
          <h1>${t("Schedules", "Zeitpläne")}</h1>
          <div class="actions">
            ${isPanel ? html`<a class="button plain" href="/work/schedules" target="_top">${t("Whole page", "Ganze Seite")}</a>` : nothing}
            <button class="button primary" type="button" @click=${() => create()}>${t("New schedule", "Neuer Zeitplan")}</button>
          </div>
        </div>
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing} ${list()}`,
      root,
    );
  }

  // Keys

  const withChosen = (action) => {
    const chosen = items?.find(({ id }) => id === document.activeElement?.dataset.schedule);
    if (chosen) action(chosen);
    return Boolean(chosen); // a key on a button in a row is that button's
  };
  const keys = {
    n: () => create(),
    Enter: () => withChosen(edit),
    Delete: () => withChosen(remove),
  };

  const hear = (type) => {
    if (type === "connected" || type.startsWith("schedule.") || (type.startsWith("task.") && type !== "task.progressed")) soon();
  };
  const looks = setInterval(() => isSeen() && load(), LOOK_AGAIN);
  const listenNoMore = listen(root, { rows: ".schedule", keys, hear, look: soon });
  draw();
  await load();

  return () => {
    isClosed = true;
    clearInterval(looks);
    clearTimeout(timer);
    leave();
    listenNoMore();
  };
}
