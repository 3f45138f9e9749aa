// "Continue in background", beside Stop: the answer goes on, and the field for messages is free.

(() => {
  const ID = "keiko-background";
  const SIGN =
    '<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m12 3 9 5-9 5-9-5Z"/>' +
    '<path d="m3 12 9 5 9-5"/><path d="m3 16 9 5 9-5"/></svg>';
  const runs = new Map(); // id -> a turn, as the server told it last

  const note = (step) => {
    if (step?.type === "run") runs.set(step.id, { ...runs.get(step.id), ...step });
  };
  // The turn under way: the first of the thread that has not ended and is watched.
  const present = () =>
    [...runs.values()]
      .filter(({ end, threadId, metadata }) => !end && threadId === wire.thread() && !metadata?.background)
      .sort((one, other) => one.createdAt.localeCompare(other.createdAt))[0];

  const move = async ({ currentTarget: button }) => {
    const turn = present();
    if (!turn) return;
    button.disabled = true;
    let problem = "";
    try {
      const answer = await fetch(`/api/v1/tasks/${turn.id}/background`, { method: "POST" });
      if (!answer.ok) problem = (await answer.json()).error?.message ?? words.notMoved;
    } catch {
      problem = words.notMoved;
    }
    button.disabled = false;
    if (problem) wire.give("toast", { message: problem, type: "error" });
    else document.getElementById("chat-input")?.focus();
  };
  const make = () => {
    const button = Object.assign(document.createElement("button"), { id: ID, type: "button", title: words.toBackground });
    button.innerHTML = SIGN;
    button.append(Object.assign(document.createElement("span"), { textContent: words.toBackground }));
    button.onclick = move;
    return button;
  };
  const look = () => {
    const stop = document.getElementById("stop-button");
    const shown = document.getElementById(ID);
    const isWanted = stop && present();
    if (!isWanted) shown?.remove();
    else if (shown?.nextSibling !== stop) stop.before(shown ?? make());
  };

  wire.heard.push((name, data) => {
    if (name === "resume_thread") {
      runs.clear();
      data?.steps?.forEach(note);
    }
    if (name === "new_message" || name === "update_message") note(data);
    if (name === "delete_message") runs.delete(data?.id);
    if (data?.type === "run" || name === "resume_thread") setTimeout(look);
    return false;
  });
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
})();
