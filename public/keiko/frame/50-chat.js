// The conversation that is shown: rows of the server and what the streams add; drawing it again changes nothing.

const THREAD = `kt:${site.key}`;
const NEW = "new";
const RECENT = 12 * 3600_000; // ms for which the newest conversation is shown again unasked

const chat = {
  thread: null,
  isStored: false, // whether the server knows this conversation
  turns: new Map(), // by task
  messages: new Map(), // elements, by message
  get isBusy() {
    return [...chat.turns.values()].some((turn) => chat.isWatched(turn) && turn.status !== "waiting") || outbox.hasUnsent();
  },
  isWatched: (turn) => !turn.isOver && !turn.inBackground,
  // The turn that Stop and "continue in background" are about.
  get present() {
    return [...chat.turns.values()].find(chat.isWatched);
  },

  async begin() {
    const remembered = chat.recall(ofTab) ?? chat.recall(ofBrowser);
    const named = isFull && new URLSearchParams(openedWith).get("thread");
    if (!chat.thread) chat.thread = named || remembered || (await chat.findRecent());
    if (chat.thread === NEW) chat.thread = null;
    outbox.load();
    await chat.refresh();
    streams.followUser();
    calls.look();
    outbox.send();
  },

  async findRecent() {
    const { items } = await session.api("/threads?limit=1");
    return items[0] && Date.now() - new Date(items[0].updated_at) < RECENT ? items[0].id : null;
  },

  // Show what the server has of the conversation.
  async refresh() {
    const thread = chat.thread;
    if (thread) {
      const found = await session.api(`/threads/${thread}`).catch((error) => {
        if (error.status === 404) return null;
        throw error;
      });
      if (thread !== chat.thread) return;
      chat.isStored = found !== null;
      if (found) chat.draw(found);
      else if (!outbox.hasUnsent()) chat.remember(null);
    }
    outbox.draw();
    frame.update();
  },

  refreshSoon() {
    chat.looking ??= setTimeout(() => {
      chat.looking = null;
      keepTrying(chat.refresh).catch(() => null);
    }, 120);
  },

  draw(rows) {
    frame.name(rows.name);
    const known = new Set(rows.messages.map(({ id }) => id));
    for (const [id, element] of chat.messages) if (!known.has(id) && !outbox.has(id)) chat.drop(id, element);
    for (const message of rows.messages) if (message.role === "user") chat.addMessage(message.id, message.text);
    for (const task of rows.tasks) chat.drawTask(task, rows);
    for (const question of rows.questions) chat.turns.get(question.task_id)?.setQuestion(question);
    chat.markWaiting();
  },

  drawTask(task, rows) {
    const turn = chat.turns.get(task.id) ?? chat.addTurn(task.id, task.message_id);
    if (!turn) return;
    const wasOver = turn.isOver;
    turn.value = rows.feedbacks.find(({ task_id: id }) => id === task.id)?.value ?? null;
    turn.setStatus(task.status, task.error ?? "", task.in_background);
    if (turn.isOver) {
      const answers = rows.messages.filter(({ role, task_id: id }) => role === "assistant" && id === task.id);
      for (const call of rows.tool_calls.filter(({ task_id: id }) => id === task.id)) turn.setTool({ ...call, finished: true, output: call.output });
      const [wrong, right] = [answers.filter((a) => a.is_error), answers.filter((a) => !a.is_error)];
      turn.error ||= wrong.map(({ text }) => text).join("\n");
      turn.setText(right.map(({ text }) => text).join("\n\n"));
      turn.drawFoot();
      if (!wasOver) streams.leave(task.id);
    } else {
      if (wasOver) turn.clear(); // it is answered again
      streams.followTask(task.id);
    }
  },

  addMessage(id, text) {
    if (chat.messages.has(id)) return chat.messages.get(id).classList.remove("unsent");
    const element = make("div", { class: "message", "data-message": id }, make("span", { class: "hidden", text: t("you") }), make("p", { text }));
    chat.messages.set(id, element);
    log.stay(() => log.element.append(element));
    return element;
  },

  addTurn(id, messageId) {
    const message = chat.messages.get(messageId);
    if (!message) return null;
    const turn = new Turn(id, messageId);
    chat.turns.set(id, turn);
    let place = message;
    while (place.nextElementSibling?.classList.contains("turn")) place = place.nextElementSibling;
    log.stay(() => place.after(turn.element));
    return turn;
  },

  drop(id, element) {
    element.remove();
    chat.messages.delete(id);
    for (const [task, turn] of chat.turns) {
      if (turn.messageId !== id) continue;
      turn.element.remove();
      chat.turns.delete(task);
      streams.leave(task);
    }
  },

  markWaiting() {
    let isFirst = true;
    for (const turn of chat.turns.values()) {
      if (!chat.isWatched(turn)) continue;
      turn.waits = !isFirst && turn.status === "queued";
      isFirst = false;
      turn.drawFoot();
    }
  },

  // Do something to a task, then look at what became of it.
  async act(path) {
    try {
      await session.api(path, { method: "POST" });
    } catch (error) {
      frame.notice(error.message);
    }
    await chat.refresh().catch(() => null);
    threads.refresh();
  },

  async stop() {
    const { thread } = chat;
    if (thread && chat.isStored) await chat.act(`/threads/${thread}/stop`);
  },

  toBackground() {
    const turn = chat.present;
    if (turn) chat.act(`/tasks/${turn.id}/background`);
  },

  remember(thread) {
    chat.thread = thread;
    ofTab.set(THREAD, `${session.user?.id} ${thread ?? NEW}`);
    ofBrowser.set(THREAD, thread && `${session.user?.id} ${thread}`);
  },

  // What was shown last, unless it was somebody else's.
  recall(storage) {
    const [user, thread] = (storage.get(THREAD) ?? "").split(" ");
    return user === session.user?.id ? thread : null;
  },

  // Show another conversation; null for a new one.
  async show(thread) {
    chat.forget();
    chat.remember(thread);
    if (thread) await keepTrying(chat.refresh).catch((error) => frame.notice(error.message));
    frame.update();
    log.toEnd();
  },

  forget() {
    for (const id of chat.turns.keys()) streams.leave(id);
    chat.turns.clear();
    chat.messages.clear();
    log.element.replaceChildren();
    chat.thread = null;
    chat.isStored = false;
    frame.name("");
  },
};

const openedWith = location.hash.slice(1);

// The list of messages, which follows what grows as long as its reader is at its end.
const log = {
  element: make("div", { id: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", tabindex: 0 }),
  isAtEnd: true,
  stay(change) {
    change();
    if (log.isAtEnd) log.toEnd();
  },
  toEnd() {
    log.isAtEnd = true;
    log.scroller.scrollTop = log.scroller.scrollHeight;
  },
  watch(scroller) {
    log.scroller = scroller;
    let before = 0;
    scroller.addEventListener("scroll", () => {
      const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
      if (isAtEnd || scroller.scrollTop < before) log.isAtEnd = isAtEnd; // only who goes up, leaves the end
      before = scroller.scrollTop;
      frame.update();
    });
    const grown = new ResizeObserver(() => log.isAtEnd && log.toEnd());
    grown.observe(scroller);
    grown.observe(log.element);
  },
};
