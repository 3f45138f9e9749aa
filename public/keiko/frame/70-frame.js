// The frame itself: header, conversation, field for messages, and what is said beside them.

const text = (name, fallback) => site.texts?.[LOCALE()]?.[name] || site.texts?.en?.[name] || fallback;

const frame = {
  draw() {
    const { body } = document;
    frame.title = make("h1");
    frame.toThreads = iconButton("history", "", () => threads.toggle(), { "aria-expanded": "false", "aria-controls": "threads" });
    frame.fresh = iconButton("plus", "", () => frame.begin());
    frame.moreButton = iconButton("more", "", () => menu.toggle(), { "aria-haspopup": "menu", "aria-expanded": "false" });
    frame.closeButton = iconButton("close", "", () => page.say("close"));
    frame.header = make("header", {}, make("span", { class: "mark", "aria-hidden": "true" }), frame.title, frame.toThreads, frame.fresh, frame.moreButton, frame.closeButton, menu.draw());
    frame.greeting = make("div", { class: "greeting" }, make("span", { class: "mark large", "aria-hidden": "true" }), make("h2"));
    frame.latest = iconButton("down", "", () => log.toEnd(), { class: "quiet latest", hidden: true });
    frame.scroller = make("div", { class: "scroller" }, frame.greeting, log.element, frame.latest);
    frame.notices = make("div", { class: "notices", role: "status" });
    frame.status = make("p", { class: "hidden", role: "status" });
    frame.connectionLine = make("p", { class: "connection", role: "status" });
    frame.main = make("main", { "aria-busy": "true" }, frame.scroller, frame.notices, frame.connectionLine, composer.draw());
    frame.gateBox = make("main", { class: "gate", hidden: true });
    body.append(frame.header, frame.main, frame.gateBox, threads.draw(), frame.status);
    log.watch(frame.scroller);
    frame.label();
    frame.update();
    addEventListener("keydown", frame.key);
  },

  // Everything that is said in a language: drawn again when the page names another.
  label() {
    if (!frame.title) return;
    const title = text("title", site.name || t("title"));
    document.title = title;
    frame.title.textContent = title;
    for (const mark of document.querySelectorAll(".mark")) mark.textContent = title.trim().charAt(0).toUpperCase();
    frame.greeting.lastChild.textContent = text("greeting", t("greeting"));
    const names = [[frame.toThreads, "history"], [frame.fresh, "newChat"], [frame.moreButton, "more"], [frame.closeButton, "close"], [frame.latest, "latest"]];
    for (const [element, name] of names) {
      element.setAttribute("aria-label", t(name));
      element.title = t(name);
    }
    log.element.setAttribute("aria-label", t("history"));
    frame.closeButton.hidden = page.mode !== "floating";
    composer.label();
    menu.label();
    threads.label();
  },

  update() {
    if (!frame.title) return;
    const isEmpty = log.element.childElementCount === 0;
    frame.greeting.hidden = !isEmpty;
    log.element.hidden = isEmpty;
    frame.fresh.hidden = isEmpty;
    frame.latest.hidden = log.isAtEnd || isEmpty;
    composer.update();
    const now = `${page.unread} ${chat.isBusy} ${session.user !== null}`;
    if (now !== frame.told) page.showState();
    frame.told = now;
  },

  name(name) {
    frame.subject = name;
  },

  begin() {
    frame.showChat();
    chat.show(null);
    composer.focus();
  },

  showChat() {
    threads.close();
    menu.close();
  },

  // The page says whether it shows us; only where somebody opened the chat may we take the focus.
  seen(isVisible, wantsFocus) {
    page.isVisible = isVisible;
    if (isVisible) page.unread = 0;
    if (isVisible && wantsFocus) composer.focus();
    frame.update();
    page.showState();
  },

  key(event) {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
    if (menu.isOpen) menu.close(true);
    else if (threads.isOpen) threads.close(true);
    else page.say("close");
  },

  // In place of the conversation: why there is none, and what can be done. Null for nothing.
  gate(sentence) {
    const isShut = sentence !== null;
    frame.main.hidden = isShut;
    frame.main.setAttribute("aria-busy", "false");
    for (const each of [frame.toThreads, frame.fresh, frame.moreButton]) each.hidden = isShut;
    frame.gateBox.hidden = !isShut;
    if (!isShut) return frame.update();
    frame.showChat();
    const actions = isFull || sentence === t("over") ? [] : [button(t("signIn"), session.signInByWindow, { class: "yes" }), button(t("again"), () => session.begin())];
    frame.gateBox.replaceChildren(make("span", { class: "mark large", "aria-hidden": "true", text: frame.title.textContent.charAt(0).toUpperCase() }), make("p", { text: sentence, role: "status" }), make("div", { class: "actions" }, ...actions));
  },

  connection(isThere) {
    const sentence = isThere ? "" : t("offline");
    clearTimeout(frame.losing);
    if (isThere) frame.connectionLine.textContent = "";
    else frame.losing = setTimeout(() => (frame.connectionLine.textContent = sentence), 300);
  },

  // For those who do not see it.
  announce(sentence) {
    frame.status.textContent = "";
    setTimeout(() => (frame.status.textContent = sentence), 50);
  },

  // Something beside the conversation, perhaps with one thing to do about it.
  notice(sentence, { action, act, stays = false, brief = false } = {}) {
    const gone = () => {
      clearTimeout(timer);
      line.remove();
    };
    const parts = [make("span", { text: sentence })];
    if (action) parts.push(button(action, () => (gone(), act()), { class: "link" }));
    parts.push(iconButton("close", t("dismiss"), gone));
    const line = make("div", { class: "notice" }, ...parts);
    const timer = stays ? 0 : setTimeout(gone, brief ? 2500 : 8000);
    while (frame.notices.childElementCount > 2) frame.notices.firstChild.remove();
    frame.notices.append(line);
    return gone;
  },
};

// Where one writes. Enter sends, Shift and Enter begin a new line.
const composer = {
  draw() {
    composer.field = make("textarea", { id: "text", rows: 1, maxlength: 8000, enterkeyhint: "send", onkeydown: composer.key, oninput: composer.grow });
    composer.labelElement = make("label", { class: "hidden", for: "text" });
    composer.sendButton = make("button", { class: "round send" }, icon("send"));
    composer.stopButton = make("button", { type: "button", class: "round stop", hidden: true, onclick: chat.stop }, icon("stop"));
    composer.awayButton = make("button", { type: "button", class: "pill", hidden: true, onclick: chat.toBackground }, icon("away"), make("span"));
    composer.disclaimer = make("p", { class: "disclaimer" });
    const form = make("form", { class: "composer", onsubmit: composer.submit }, composer.labelElement, composer.field, composer.stopButton, composer.sendButton);
    return make("footer", {}, composer.awayButton, form, composer.disclaimer);
  },

  label() {
    composer.labelElement.textContent = t("message");
    composer.field.placeholder = text("placeholder", t("placeholder"));
    composer.sendButton.setAttribute("aria-label", t("send"));
    composer.stopButton.setAttribute("aria-label", t("stop"));
    composer.awayButton.lastChild.textContent = t("toBackground");
    composer.disclaimer.textContent = text("disclaimer", t("disclaimer"));
  },

  update() {
    const { present } = chat;
    const isWritten = composer.field.value.trim() !== "";
    const wasStop = document.activeElement === composer.stopButton;
    composer.stopButton.hidden = !present || isWritten;
    composer.sendButton.hidden = Boolean(present) && !isWritten;
    composer.sendButton.disabled = !isWritten;
    composer.awayButton.hidden = !present || !["queued", "running", "waiting", "retrying"].includes(present.status);
    if (wasStop && composer.stopButton.hidden) composer.focus();
  },

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.submit(event);
  },

  submit(event) {
    event?.preventDefault();
    const { value } = composer.field;
    composer.isEager = session.user === null; // it is sent as soon as somebody is signed in
    if (!value.trim() || composer.isEager) return;
    composer.field.value = "";
    composer.grow();
    outbox.add(value.trim());
    composer.focus();
  },

  grow() {
    composer.field.style.setProperty("height", "auto");
    composer.field.style.setProperty("height", `${composer.field.scrollHeight}px`);
    composer.update();
  },

  bringBack(value) {
    if (!composer.field.value) composer.field.value = value;
    composer.grow();
    composer.focus();
  },

  focus() {
    if (!composer.field.closest("[hidden]")) composer.field.focus({ preventScroll: true });
  },
};

// What is seldom needed.
const menu = {
  isOpen: false,
  draw() {
    const item = (name, act) => make("button", { type: "button", role: "menuitem", tabindex: -1, onclick: () => (menu.close(), act()) }, icon(name), make("span"));
    menu.items = isFull ? [item("out", session.signOut)] : [item("full", openFull), item("out", session.signOut)];
    menu.element = make("div", { class: "menu", role: "menu", hidden: true, onkeydown: menu.key }, ...menu.items);
    addEventListener("pointerdown", ({ target }) => menu.isOpen && !menu.element.contains(target) && !frame.moreButton.contains(target) && menu.close());
    addEventListener("blur", () => menu.close());
    return menu.element;
  },
  label() {
    const words = isFull ? ["signOut"] : ["openFull", "signOut"];
    menu.items.forEach((item, n) => (item.lastChild.textContent = t(words[n])));
    menu.element.setAttribute("aria-label", t("more"));
  },
  toggle: () => (menu.isOpen ? menu.close(true) : menu.open()),
  open() {
    menu.isOpen = true;
    menu.element.hidden = false;
    frame.moreButton.setAttribute("aria-expanded", "true");
    menu.items[0].focus();
  },
  close(takesFocus = false) {
    if (!menu.isOpen) return;
    menu.isOpen = false;
    menu.element.hidden = true;
    frame.moreButton.setAttribute("aria-expanded", "false");
    if (takesFocus) frame.moreButton.focus();
  },
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Tab") menu.close(true);
    if (!step) return;
    event.preventDefault();
    const { length } = menu.items;
    menu.items[(menu.items.indexOf(document.activeElement) + step + length) % length].focus();
  },
};
