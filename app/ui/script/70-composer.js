// The field for messages: usable while an answer runs, and never forgetful.

(() => {
  const DRAFT = "keiko.draft.";
  const OLDEST = 30 * 24 * 3600 * 1000; // ms that a draft is kept
  let isBusy = false; // an answer runs
  let looksBusy = false; // the page thinks so
  let field = null;
  let written = { text: "", path: "", thread: "" };

  const text = () => document.getElementById("chat-input")?.value ?? "";

  // Chainlit locks the field while an answer runs. With text in it we let the page believe that
  // nothing runs, and it offers Send; without, it offers Stop.
  const offer = () => {
    const wanted = isBusy && !text().trim();
    if (wanted === looksBusy) return;
    looksBusy = wanted;
    wire.give(wanted ? "task_start" : "task_end", {});
  };
  wire.heard.push((name) => {
    if (name !== "task_start" && name !== "task_end") return false;
    isBusy = name === "task_start";
    if (isBusy && text().trim()) {
      offer();
      return true;
    }
    looksBusy = isBusy;
    return false;
  });

  // Drafts, one per thread and user. The field is made anew whenever the page goes elsewhere.
  const key = () => `${DRAFT}${me.identifier}.${location.pathname.split("/thread/")[1] ?? "new"}`;
  const save = () => {
    written = { text: text(), path: location.pathname, thread: wire.thread() };
    if (written.text) store.put(key(), { text: written.text, at: Date.now() });
    else store.drop(key());
  };
  // A new chat gets its address while somebody may be writing already.
  const isHere = () =>
    written.path === location.pathname ||
    (written.path === "/" && location.pathname === `/thread/${written.thread}`);
  const restore = () => {
    const draft = (isHere() && written.text) || store.get(key())?.text;
    if (!draft || text() || !field) return;
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    set.call(field, draft);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const forget = () => {
    store.drop(key());
    written = { text: "", path: "", thread: "" };
  };
  const forgetOld = () => {
    for (const { key, value } of store.list(DRAFT)) {
      const isMine = key.startsWith(`${DRAFT}${me.identifier}.`);
      if (!isMine || !(Date.now() - value?.at < OLDEST)) store.drop(key);
    }
  };

  // React takes the letter first: what is told to it before that undoes the letter.
  const soon = () => setTimeout(offer);
  document.addEventListener(
    "input",
    ({ target }) => {
      if (target.id !== "chat-input") return;
      save();
      soon();
    },
    true,
  );
  // Whoever is quick presses Enter before that: the page is told in time for this very key.
  document.addEventListener(
    "keydown",
    ({ target, key }) => {
      if (target.id === "chat-input" && key === "Enter") offer();
    },
    true,
  );
  wire.said.push((name) => {
    if (name !== "client_message") return;
    forget();
    soon();
  });
  const look = () => {
    const now = document.getElementById("chat-input");
    if (now === field) return;
    field = now;
    if (field) setTimeout(restore);
    soon();
  };
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  me.changed.push(forgetOld);
})();
