// The thread in the page's address, so that a reload comes back to it. Chainlit writes it there
// only where the history is drawn, which it is not on a small screen until somebody opens it.

(() => {
  const PATIENCE = 3000; // ms that Chainlit has for it, where it can
  let timer = 0;

  const write = (thread) => {
    if (location.pathname !== "/" || wire.thread() !== thread) return;
    history.replaceState(history.state, "", `/thread/${thread}`);
  };
  wire.heard.push((name, data) => {
    if (name !== "first_interaction" || !data?.thread_id) return false;
    clearTimeout(timer);
    const isDrawn = document.getElementById("thread-history") !== null;
    timer = setTimeout(write, isDrawn ? PATIENCE : 0, data.thread_id);
    return false;
  });
})();
