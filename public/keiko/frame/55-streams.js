// What the server tells as it happens: server-sent events, read by fetch so that a token can go with it.

// Read a stream to its end; `heard` is given each event. Returns the status of the answer.
async function readStream(path, { after, signal, heard }) {
  const response = await session.request(path, { signal, headers: { Accept: "text/event-stream", ...(after ? { "Last-Event-ID": after } : {}) } });
  if (!response.ok || response.status === 204) return response.status;
  frame.connection(true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return 200;
    buffer += value;
    for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
      const event = { data: "" };
      for (const line of buffer.slice(0, end).split("\n")) {
        const found = /^(event|id|data): (.*)$/.exec(line);
        if (found) event[found[1]] = found[2];
      }
      if (event.event) heard({ name: event.event, id: event.id, data: JSON.parse(event.data) });
    }
  }
}

const HAPPENINGS = ["task.*", "question.*", "notification.created", "thread.*"].map((type) => `type=${type}`).join("&");
const STREAM_SILENT = 40_000; // ms: the server says something every 15 s

const streams = {
  tasks: new Map(), // what stops each
  user: null,
  told: new Set(),

  stop() {
    for (const id of [...streams.tasks.keys()]) streams.leave(id);
    streams.user?.abort();
    streams.user = null;
  },

  leave(task) {
    streams.tasks.get(task)?.abort();
    streams.tasks.delete(task);
  },

  // Follow something until `isDone` says so or it is left; comes back after every cut.
  async follow(path, control, heard, isDone) {
    const position = { after: null };
    for (let wait = 150; !control.signal.aborted; wait = Math.min(wait * 2, 2000)) {
      const began = Date.now();
      let status = 0;
      try {
        status = await readStream(path, {
          after: position.after,
          signal: control.signal,
          heard: (event) => {
            if (control.signal.aborted) return;
            if (event.id) position.after = event.id;
            heard(event);
          },
        });
      } catch (error) {
        if (control.signal.aborted) return;
        if (!(error instanceof TypeError) && error.name !== "AbortError") console.warn(error);
        frame.connection(false);
      }
      if (isDone(status)) return;
      if (status === 401 || status === 403) return session.lost();
      if (Date.now() - began > 5000) wait = 150;
      await pause(status === 429 ? 2000 : wait);
      // A stream that ended by itself may have ended with the session.
      if (status === 200 && !control.signal.aborted && Date.now() - began < 5000 && !(await session.stands())) return session.lost();
    }
  },

  followTask(id) {
    if (streams.tasks.has(id)) return;
    const control = new AbortController();
    streams.tasks.set(id, control);
    const state = { isHistory: true, isOver: false };
    const turn = () => chat.turns.get(id);
    const heard = (event) => turn() && streams.hear(turn(), event, state);
    const isDone = (status) => {
      const isDone_ = state.isOver || status === 204 || status === 404;
      if (isDone_) {
        if (streams.tasks.get(id) === control) streams.tasks.delete(id);
        chat.refreshSoon();
      }
      return isDone_;
    };
    streams.follow(`/tasks/${id}/events`, control, heard, isDone);
  },

  hear(turn, { name, data }, state) {
    if (name === "state") {
      turn.isStreaming = data.status === "running";
      turn.setStatus(data.status, turn.error, turn.inBackground);
      for (const tool of data.tools) turn.setTool(tool);
      turn.setText(data.text);
      calls.look(); // a call that was told before this stream began
    } else if (name === "started") {
      turn.clear();
      turn.isStreaming = true;
      turn.setStatus("running", "", turn.inBackground);
      frame.announce(t("writing"));
    } else if (name === "text") turn.setText(turn.text + data.text);
    else if (name === "tool_started") turn.setTool({ ...data, finished: false });
    else if (name === "tool_progress") turn.setTool({ id: data.id, progress: data.text, percent: data.percent, name: turn.tools.get(data.id)?.name ?? "" });
    else if (name === "tool_finished") turn.setTool({ ...data, finished: true, name: turn.tools.get(data.id)?.name ?? "" });
    else if (name === "question") streams.ask(turn, data);
    else if (name === "page_call") calls.take(data);
    else if (name === "ended") streams.end(turn, data, state);
    frame.update();
  },

  ask(turn, question) {
    turn.isStreaming = false;
    turn.setStatus("waiting", "", turn.inBackground);
    turn.setQuestion(question);
    frame.announce(t("mayIt"));
  },

  end(turn, { status, error }, state) {
    state.isOver = true;
    turn.isStreaming = false;
    turn.setStatus(status, error ?? "", turn.inBackground);
    for (const tool of turn.tools.values()) turn.drawTool(tool);
    for (const card of turn.cards.values()) card.settle(card.question);
    if (status === "completed") frame.announce(t("written"));
    chat.markWaiting();
  },

  // Everything of this visitor, in any tab: what happened before this page was there is never told again.
  followUser() {
    if (streams.user) return;
    streams.user = new AbortController();
    streams.follow(`/events?${HAPPENINGS}`, streams.user, streams.happen, (status) => status === 404);
  },

  happen({ name, id, data }) {
    if (streams.told.has(id)) return;
    streams.told.add(id);
    const { thread_id: thread, kind } = data.payload ?? {};
    const turn = chat.turns.get(data.subject_id) ?? chat.turns.get(data.payload?.task_id);
    if (name === "task.completed" && turn && !turn.inBackground) page.news("answer", { text: "" });
    if (name === "question.asked") page.news("question", {});
    if (name === "notification.created") notices.look(kind);
    if (name.startsWith("thread.") || name === "task.created" || (name.startsWith("task.") && !name.endsWith("progressed"))) threads.refresh();
    if (name.startsWith("task.") && !name.endsWith("progressed") && !name.endsWith("changed") && (turn === undefined || !streams.tasks.has(turn.id) || /background|front|waiting|queued/.test(name))) chat.refreshSoon();
    if (name.startsWith("question.") || (name === "thread.renamed" && (!thread || thread === chat.thread))) chat.refreshSoon();
    frame.update();
  },
};

// What Keiko tells a visitor of work in the background.
const notices = {
  since: new Date().toISOString(),
  async look(kind) {
    if (kind && !["task_done", "task_failed", "question"].includes(kind)) return;
    const { items } = await session.api("/notifications?unread=true&limit=5").catch(() => ({ items: [] }));
    for (const item of items.reverse()) {
      if (streams.told.has(item.id) || item.created_at < notices.since) continue;
      streams.told.add(item.id);
      const isHere = item.thread_id === chat.thread;
      if (item.kind === "question" && isHere) continue; // its card is in the conversation
      page.news("task", { text: item.headline, kind: item.kind });
      const open = async () => {
        frame.showChat();
        if (!isHere) await chat.show(item.thread_id);
      };
      frame.notice(item.headline, { stays: true, ...(item.thread_id && !isHere ? { action: t("open"), act: open } : {}) });
      session.api("/notifications/read", { method: "POST", body: { ids: [item.id] } }).catch(() => null);
    }
  },
};

// Functions of the page: claimed by this tab, once, and only then asked of the page.
const calls = {
  taken: new Set(),
  // What this tab was asked for while it was away.
  look() {
    clearTimeout(calls.soon);
    calls.soon = setTimeout(calls.lookNow, 100); // a page declares one function after the other
  },
  async lookNow() {
    if (isFull || !page.functions.length || session.user === null) return;
    const found = await session.api(`/widget/calls?client=${session.client}`).catch(() => null);
    for (const each of found?.items ?? []) calls.take({ ...each, client: session.client });
  },
  async take({ id, client }) {
    if (isFull || client !== session.client || calls.taken.has(id)) return;
    calls.taken.add(id);
    const path = `/widget/calls/${id}`;
    const claimed = await keepTrying(() => session.api(`${path}/claim`, { method: "POST", body: { client } })).catch(() => null);
    if (!claimed) return; // another tab has it, or it is over
    const answer = await page.ask("call", { name: claimed.name, args: claimed.arguments }, 30_000).then(
      (value) => ({ value: value ?? null }),
      (error) => ({ error: error.message || "error" }),
    );
    await keepTrying(() => session.api(`${path}/result`, { method: "POST", body: { client, ...answer } })).catch(() => null);
  },
};
