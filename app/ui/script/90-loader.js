// The last resort for a thread that was opened and is not shown: ask for it once more.

(() => {
  const PATIENCE = 8000; // ms
  let timer = 0;

  const isShown = () => document.getElementById("chat-input")?.checkVisibility() ?? false;
  const look = () => {
    if (!isShown() && location.pathname.startsWith("/thread/")) wire.say("connection_successful");
  };
  wire.heard.push((name) => {
    if (name !== "resume_thread") return false;
    clearTimeout(timer);
    timer = setTimeout(look, PATIENCE);
    return false;
  });
})();
