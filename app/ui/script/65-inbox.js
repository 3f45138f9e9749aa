// The bell in the header, and what is said aloud when something happened: once on each page, and
// not on the page that shows it anyway.

(() => {
  const SIGN =
    '<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
    '<path d="M6 9a6 6 0 0 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9"/><path d="M10.3 20a2 2 0 0 0 3.4 0"/></svg>';
  const TYPES = { task_done: "success", task_failed: "error", question: "warning", question_expired: "warning", schedule_missed: "warning", security: "warning" };
  const told = new Set();
  let unread = 0;
  let asked = "";

  const bell = Object.assign(document.createElement("a"), { id: "keiko-bell", href: "/work/inbox", innerHTML: SIGN });
  const badge = bell.appendChild(Object.assign(document.createElement("span"), { className: "count", hidden: true }));

  const draw = () => {
    bell.title = words.inbox(unread);
    bell.setAttribute("aria-label", words.inbox(unread));
    badge.textContent = unread > 99 ? "99+" : String(unread);
    badge.hidden = unread === 0;
  };
  // A header that React has made anew gets the bell again.
  const place = () => {
    const neighbour = document.getElementById("theme-toggle");
    if (neighbour && !bell.isConnected) neighbour.before(bell);
  };

  const isShown = (thread) => !document.hidden && location.pathname === `/thread/${thread}`;
  const say = ({ id, kind, thread_id: thread, headline }) => {
    if (told.has(id)) return;
    told.add(id);
    if (isShown(thread)) return;
    wire.give("toast", { message: headline[isGerman ? "de" : "en"], type: TYPES[kind] ?? "info" });
  };

  // Whoever looks at a conversation need not be told of it any more.
  const read = () => {
    const [, thread] = location.pathname.match(/^\/thread\/([0-9a-f-]{36})$/i) ?? [];
    const now = `${thread} ${unread}`;
    if (!thread || !unread || document.hidden || now === asked) return;
    asked = now;
    const body = JSON.stringify({ thread_id: thread });
    const headers = { "Content-Type": "application/json" };
    fetch("/api/v1/notifications/read", { method: "POST", headers, body }).catch(() => (asked = ""));
  };

  wire.heard.push((name, data) => {
    if (name === "resume_thread") setTimeout(read);
    if (name !== "keiko_inbox") return false;
    unread = data.unread;
    data.new.forEach(say);
    draw();
    read();
    return true;
  });
  document.addEventListener("visibilitychange", read);
  document.addEventListener("DOMContentLoaded", () => {
    draw();
    new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
    place();
  });
})();
