// Messages that nobody has accepted yet: kept over reloads, sent again by the same id, dropped when accepted.
const WAITING = `ko:${site.key}`;
const MOST_TRIED = 3;

const outbox = {
  items: [],
  load() {
    if (outbox.items.length) return;
    try {
      outbox.items = JSON.parse(ofTab.get(WAITING) ?? "[]").filter((item) => item.user === session.user?.id);
    } catch {
      outbox.items = [];
    }
    if (outbox.items[0] && !chat.thread) chat.remember(outbox.items[0].thread);
  },
  save: () => ofTab.set(WAITING, outbox.items.length ? JSON.stringify(outbox.items) : null),
  has: (id) => outbox.items.some((item) => item.id === id),
  hasUnsent: () => outbox.items.some((item) => item.thread === chat.thread && !item.wrong),
  forget() {
    outbox.items = [];
    outbox.save();
  },

  add(text) {
    if (!text.trim() || session.user === null) return;
    if (!chat.thread) chat.remember(newId());
    const seen = page.context ? { context: page.context } : {};
    const functions = page.functions.map(({ name, description, parameters, readOnly }) => ({ name, description, parameters, read_only: Boolean(readOnly) }));
    const around = isFull ? null : { client: session.client, ...seen, ...(site.allows_functions && functions.length ? { functions } : {}) };
    outbox.items.push({ id: newId(), user: session.user.id, thread: chat.thread, text, page: around });
    outbox.save();
    outbox.draw();
    log.toEnd();
    frame.update();
    outbox.send();
  },

  draw() {
    for (const item of outbox.items) {
      if (item.thread !== chat.thread) continue;
      chat.addMessage(item.id, item.text);
      const element = chat.messages.get(item.id);
      element.classList.add("unsent");
      element.querySelector(".notsent")?.remove();
      if (item.wrong) element.append(outbox.explain(item));
    }
  },

  explain(item) {
    const again = button(t("again"), () => {
      delete item.wrong;
      outbox.draw();
      outbox.send();
    }, { class: "link" });
    const discard = button(t("discard"), () => {
      outbox.done(item);
      chat.drop(item.id, chat.messages.get(item.id));
      composer.bringBack(item.text);
      frame.update();
    }, { class: "link" });
    return make("div", { class: "notsent", role: "alert" }, make("span", { text: item.wrong }), again, discard);
  },

  done(item) {
    outbox.items = outbox.items.filter((other) => other !== item);
    outbox.save();
  },

  async send() {
    if (outbox.isSending) return;
    outbox.isSending = true;
    try {
      for (let item; (item = outbox.items.find(({ wrong }) => !wrong)) && session.user; ) await outbox.sendOne(item);
    } finally {
      outbox.isSending = false;
      frame.update();
    }
  },

  async sendOne(item) {
    const body = { message_id: item.id, thread_id: item.thread, text: item.text, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
    try {
      const accepted = await keepTrying(() => outbox.post(item.page ? { ...body, page: item.page } : body));
      outbox.done(item);
      if (item.thread !== chat.thread) return;
      chat.isStored = true;
      chat.addMessage(item.id, item.text);
      if (!chat.turns.has(accepted.task_id)) chat.addTurn(accepted.task_id, item.id)?.setStatus("queued");
      chat.markWaiting();
      streams.followTask(accepted.task_id);
      frame.update();
    } catch (error) {
      if (error.status === 401) return; // it is sent as soon as there is a session again
      item.wrong = error.message;
      outbox.save();
      outbox.draw();
      log.toEnd();
    }
  },

  // A short 429 is the pace of typing; a long one is a limit, and its sentence is for the reader.
  async post(body) {
    for (let tried = 0; ; tried += 1) {
      try {
        return await session.api("/messages", { method: "POST", body });
      } catch (error) {
        if (error.status === 422 && body.page && /^page\b/.test(error.field ?? "")) {
          // What the page declares is wrong: that is for its author, not for the visitor.
          console.warn(`Keiko: what this page offers was not taken. ${error.message}`);
          delete body.page;
          continue;
        }
        if (error.status !== 429 || error.retryAfter > 3 || tried >= MOST_TRIED) throw error.status === 429 ? Object.assign(error, { status: 422 }) : error;
        await pause(Math.max(300, error.retryAfter * 1000));
      }
    }
  },
};
