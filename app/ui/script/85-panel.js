// The panel of tasks beside the chat, and the button in the header that opens it.

(() => {
  const OPEN = "keiko.panel";
  const WIDE = window.matchMedia("(min-width: 60rem)");
  const SOON = 400; // ms in which several events are one look
  const SIGN =
    '<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m3 7 2 2 4-4"/>' +
    '<path d="m3 17 2 2 4-4"/><path d="M13 6h8M13 12h8M13 18h8"/></svg>';
  const CROSS =
    '<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" aria-hidden="true"><path d="M6 6l12 12M18 6 6 18"/></svg>';
  let count = 0;
  let timer = 0;
  let panel = null;

  const button = Object.assign(document.createElement("button"), { id: "keiko-tasks", type: "button", innerHTML: SIGN });
  const badge = button.appendChild(Object.assign(document.createElement("span"), { className: "count", hidden: true }));
  button.setAttribute("aria-controls", "keiko-panel");

  const draw = () => {
    const isOpen = panel !== null;
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", words.tasks(count));
    button.title = words.tasks(count);
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.hidden = count === 0;
    document.body.classList.toggle("keiko-panel-open", isOpen);
  };
  // A header that React has made anew gets the button again.
  const place = () => {
    const neighbour = document.getElementById("theme-toggle");
    if (neighbour && !button.isConnected) neighbour.before(button);
  };

  const look = async () => {
    try {
      const answer = await fetch("/api/v1/tasks?state=running&limit=100");
      if (!answer.ok) return;
      const { data } = await answer.json();
      count = data.items.filter((task) => task.in_background).length;
      draw();
    } catch {
      // The next event, or the next look at this page, asks again.
    }
  };
  const lookSoon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      look();
    }, SOON);
  };

  const make = () => {
    const made = Object.assign(document.createElement("aside"), { id: "keiko-panel" });
    const cross = Object.assign(document.createElement("button"), { type: "button", className: "close", title: words.close, innerHTML: CROSS });
    const frame = Object.assign(document.createElement("iframe"), { src: "/work/tasks?panel", title: words.tasks(0) });
    made.setAttribute("aria-label", words.tasks(0));
    cross.setAttribute("aria-label", words.close);
    cross.onclick = close;
    frame.onload = () => frame.contentWindow.addEventListener("keydown", (event) => closeOnEscape(event, frame.contentDocument));
    made.append(cross, frame);
    return made;
  };
  const open = () => {
    panel = document.body.appendChild(make());
    draw();
  };
  const close = () => {
    panel?.remove();
    panel = null;
    store.drop(OPEN);
    draw();
    button.focus();
  };
  const closeOnEscape = (event, page) => {
    const isOthers = event.defaultPrevented || page.querySelector("dialog[open], details[open], [role=dialog], [role=menu]");
    if (event.key !== "Escape" || !panel || isOthers) return;
    close();
  };
  button.onclick = () => {
    if (panel) return close();
    open();
    store.put(OPEN, { open: true });
    panel.querySelector(".close").focus();
  };

  events.addEventListener("any", ({ detail: { type } }) => {
    if (type === "connected" || (type.startsWith("task.") && type !== "task.progressed")) lookSoon();
  });
  document.addEventListener("visibilitychange", () => !document.hidden && lookSoon());
  document.addEventListener("keydown", (event) => closeOnEscape(event, document));
  me.changed.push(look);
  document.addEventListener("DOMContentLoaded", () => {
    draw();
    // On a small screen it would hide the chat that was asked for.
    if (WIDE.matches && store.get(OPEN)) open();
    new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
    place();
  });
})();
