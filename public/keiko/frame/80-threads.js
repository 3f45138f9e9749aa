// One's own conversations and what runs in the background: a panel over the chat.

const UNDO = 6000; // ms in which a deleted conversation comes back

const when = (moment) => {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(LOCALE(), isToday ? { timeStyle: "short" } : { dateStyle: "medium" }).format(date);
};

const threads = {
  isOpen: false,
  deleting: new Map(),

  draw() {
    threads.backButton = iconButton("back", "", () => threads.close(true));
    threads.heading = make("h2");
    threads.freshButton = make("button", { type: "button", class: "pill", onclick: () => frame.begin() }, icon("plus"), make("span"));
    threads.list = make("div", { class: "list" });
    threads.element = make("section", { id: "threads", class: "panel", hidden: true, "aria-labelledby": "threads-heading" }, make("header", {}, threads.backButton, threads.heading, threads.freshButton), threads.list);
    threads.heading.id = "threads-heading";
    addEventListener("pagehide", () => threads.deleting.forEach((remove) => remove(true)));
    return threads.element;
  },

  label() {
    threads.heading.textContent = t("history");
    threads.freshButton.lastChild.textContent = t("newChat");
    threads.backButton.setAttribute("aria-label", t("back"));
  },

  toggle: () => (threads.isOpen ? threads.close(true) : threads.open()),

  async open() {
    threads.isOpen = true;
    threads.limit = 30;
    threads.element.hidden = false;
    frame.main.inert = true;
    frame.header.inert = true;
    frame.toThreads.setAttribute("aria-expanded", "true");
    threads.backButton.focus();
    await threads.refresh();
  },

  close(takesFocus = false) {
    if (!threads.isOpen) return;
    threads.isOpen = false;
    threads.element.hidden = true;
    frame.main.inert = false;
    frame.header.inert = false;
    frame.toThreads.setAttribute("aria-expanded", "false");
    if (takesFocus) frame.toThreads.focus();
  },

  async refresh() {
    if (!threads.isOpen || threads.isEditing) return;
    try {
      const [found, running] = await Promise.all([session.api(`/threads?limit=${threads.limit}`), session.api("/tasks?limit=20")]);
      if (!threads.isEditing) threads.drawList(found, running.items.filter((task) => task.in_background && !OVER.has(task.status)));
    } catch (error) {
      threads.list.replaceChildren(make("p", { class: "note", text: error instanceof Refused ? error.message : t("offline") }));
    }
  },

  drawList({ items, next_cursor: next }, running) {
    const had = document.activeElement?.closest("[data-row]")?.dataset.row;
    const shown = items.filter(({ id }) => !threads.deleting.has(id));
    const parts = [];
    if (running.length) parts.push(make("h3", { text: t("background") }), make("ul", {}, ...running.map(threads.drawTask)), make("h3", { text: t("history") }));
    parts.push(shown.length ? make("ul", {}, ...shown.map(threads.drawRow)) : make("p", { class: "note", text: t("noThreads") }));
    if (next) parts.push(button(t("olderOnes"), () => ((threads.limit += 50), threads.refresh()), { class: "link" }));
    threads.list.replaceChildren(...parts);
    if (had) threads.list.querySelector(`[data-row="${had}"] button`)?.focus();
  },

  drawTask(task) {
    const open = () => (frame.showChat(), chat.show(task.thread_id));
    const front = async () => {
      await session.api(`/tasks/${task.id}/foreground`, { method: "POST" }).catch((error) => frame.notice(error.message));
      open();
    };
    const name = task.name || task.description || t("background");
    return make("li", { "data-row": task.id }, make("button", { type: "button", class: "row", onclick: open }, make("i", { class: "spinner", "aria-hidden": "true" }), make("span", { text: name }), make("small", { text: task.step || "" })), button(t("toFront"), front, { class: "link" }));
  },

  drawRow({ id, name, updated_at: moment }) {
    const open = async () => {
      frame.showChat();
      await chat.show(id);
      composer.focus();
    };
    const row = make("button", { type: "button", class: "row", "aria-current": id === chat.thread ? "true" : null, onclick: open }, make("span", { text: name || t("newChat") }), make("small", { text: when(moment) }));
    const item = make("li", { "data-row": id }, row, iconButton("pen", `${t("rename")}: ${name}`, () => threads.edit(item, { id, name, updated_at: moment })), iconButton("bin", `${t("remove")}: ${name}`, () => threads.remove(id)));
    return item;
  },

  edit(item, { id, name, updated_at }) {
    threads.isEditing = true;
    const field = make("input", { value: name, maxlength: 200, "aria-label": t("name") });
    const done = (now = name) => {
      threads.isEditing = false;
      const row = threads.drawRow({ id, name: now, updated_at });
      item.replaceWith(row);
      row.querySelector("button").focus();
      threads.refresh();
    };
    const save = async (event) => {
      event.preventDefault();
      const wanted = field.value.trim();
      if (wanted && wanted !== name) await session.api(`/threads/${id}`, { method: "PATCH", body: { name: wanted } }).catch((error) => frame.notice(error.message));
      done(wanted || name);
    };
    const stop = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      done();
    };
    item.replaceChildren(make("form", { class: "edit", onsubmit: save, onkeydown: stop }, field, make("button", { class: "link", text: t("save") }), button(t("cancel"), () => done(), { class: "link" })));
    field.select();
    field.focus();
  },

  // Gone from the list at once, from the server after a while: until then it can be taken back.
  remove(id) {
    const wasShown = id === chat.thread;
    const remove = async (isLeaving) => {
      clearTimeout(timer);
      if (!threads.deleting.delete(id)) return;
      dismiss();
      await session.api(`/threads/${id}`, { method: "DELETE", keepalive: isLeaving === true }).catch((error) => frame.notice(error.message));
      threads.refresh();
    };
    const timer = setTimeout(remove, UNDO);
    threads.deleting.set(id, remove);
    const undo = () => {
      clearTimeout(timer);
      threads.deleting.delete(id);
      threads.refresh();
      if (wasShown) chat.show(id);
    };
    const dismiss = frame.notice(t("removed"), { action: t("undo"), act: undo, stays: true });
    if (wasShown) chat.show(null);
    threads.refresh();
    threads.backButton.focus();
  },
};
