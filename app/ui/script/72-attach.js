// What servers offer to read, behind an @ in the field for messages: found by its name, chosen by
// keyboard or pointer, shown above the field, and sent along. All of it stands outside of what
// React draws; the field only makes room.

(() => {
  const MOST = 10;
  const PAUSE = 120; // ms after the last letter, before it is looked for
  const CALL = /(^|\s)@([^\s@]*)$/;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  let picked = []; // {server_id, server, uri, name}
  let thread = ""; // the one that they are for
  let found = [];
  let chosen = 0;
  let asked = 0;
  let timer = 0;

  const make = (tag, more, ...children) => {
    const made = Object.assign(document.createElement(tag), more);
    made.append(...children);
    return made;
  };
  const field = () => document.getElementById("chat-input");
  const list = make("div", { id: "keiko-offers", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.attach);
  const bar = make("ul", { id: "keiko-attached", hidden: true });
  bar.setAttribute("aria-label", words.attached);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  const isOpen = () => !list.hidden;

  // Where things stand

  const place = () => {
    const composer = document.getElementById("message-composer")?.getBoundingClientRect();
    bar.hidden = !picked.length || !composer;
    if (!composer) return close();
    const bottom = `${window.innerHeight - composer.top}px`;
    Object.assign(list.style, { left: `${composer.left}px`, bottom, width: `${Math.min(composer.width, 560)}px` });
    Object.assign(bar.style, { left: `${composer.left}px`, top: `${composer.top}px`, width: `${composer.width}px` });
    const room = bar.hidden ? "" : `#message-composer { padding-top: ${bar.offsetHeight + 4}px }`;
    if (sheet.room !== room) sheet.replaceSync((sheet.room = room));
  };
  const drawBar = () => {
    bar.replaceChildren(
      ...picked.map((one) => {
        const cross = make("button", { type: "button", textContent: "×", onclick: () => detach(one) });
        cross.setAttribute("aria-label", words.detach(one.name));
        const label = make("span", { textContent: `${one.name} · ${one.server}`, title: one.uri });
        return make("li", {}, label, cross);
      }),
    );
    place();
  };
  const draw = () => {
    list.replaceChildren(
      ...found.map((one, n) => {
        const row = make("div", { id: `keiko-offer-${n}`, onpointermove: () => choose(n), onclick: () => pick(one) });
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", String(n === chosen));
        row.append(make("b", { textContent: one.name }), make("span", { textContent: `${one.server} · ${one.uri}` }));
        return row;
      }),
    );
    list.hidden = !found.length;
    const input = field();
    if (list.hidden) {
      input?.removeAttribute("aria-activedescendant");
      input?.removeAttribute("aria-controls");
      return;
    }
    input?.setAttribute("aria-controls", list.id);
    input?.setAttribute("aria-activedescendant", `keiko-offer-${chosen}`);
    place();
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const choose = (n) => {
    if (n === chosen) return;
    chosen = n;
    [...list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === n)));
    field()?.setAttribute("aria-activedescendant", `keiko-offer-${n}`);
    list.children[n]?.scrollIntoView({ block: "nearest" });
  };
  function close() {
    clearTimeout(timer);
    asked += 1;
    found = [];
    if (isOpen()) draw();
  }

  // What is looked for

  const called = () => {
    const input = field();
    if (!input || input !== document.activeElement) return null;
    return input.value.slice(0, input.selectionStart).match(CALL);
  };
  const look = async (search) => {
    const mine = ++asked;
    let items = [];
    try {
      const answer = await fetch(`/api/v1/mcp/resources?search=${encodeURIComponent(search)}`);
      if (answer.ok) items = (await answer.json()).data;
    } catch {
      // Nothing is offered then; an @ is a letter.
    }
    if (mine !== asked || !called()) return;
    [found, chosen] = [items, 0];
    draw();
  };
  const hear = () => {
    clearTimeout(timer);
    const call = called();
    if (!call) return close();
    timer = setTimeout(look, PAUSE, call[2].replaceAll(/[/:._-]+/g, " "));
  };

  // What is chosen

  const write = (text, caret) => {
    const input = field();
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    set.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
    input.setSelectionRange(caret, caret);
  };
  const pick = async (one) => {
    const input = field();
    const [whole, before] = called() ?? [];
    if (whole !== undefined) {
      const start = input.selectionStart - whole.length + before.length;
      write(input.value.slice(0, start) + input.value.slice(input.selectionStart), start);
    }
    close();
    const uri = one.template ? await fillIn(one) : one.uri;
    if (uri) attach({ ...one, uri });
    field()?.focus();
  };
  const attach = ({ server_id, server, uri, name }) => {
    if (thread !== wire.thread()) picked = [];
    thread = wire.thread();
    if (picked.some((one) => one.server_id === server_id && one.uri === uri)) return;
    if (picked.length >= MOST) return wire.give("toast", { message: words.fullUp, type: "error" });
    picked.push({ server_id, server, uri, name });
    drawBar();
  };
  const detach = (one) => {
    picked = picked.filter((other) => other !== one);
    drawBar();
    field()?.focus();
  };

  // A template has variables (RFC 6570): {name}, {+path}, {?a,b} and the like.
  const VARIABLES = /\{([+#./;?&]?)([^{}]+)\}/g;
  const named = (text) => text.split(",").map((name) => name.replace(/(\*|:\d+)$/, ""));
  const expand = (template, values) =>
    template.replace(VARIABLES, (_, kind, names) => {
      const isOpen = kind === "+" || kind === "#";
      const parts = named(names).map((name) => {
        const value = isOpen ? encodeURI(values[name]) : encodeURIComponent(values[name]);
        return "?&;".includes(kind) && kind ? `${name}=${value}` : value;
      });
      return (kind === "+" ? "" : kind) + parts.join({ "?": "&", "&": "&", ";": ";", ".": ".", "/": "/" }[kind] ?? ",");
    });
  const fillIn = (one) => {
    const names = [...new Set([...one.uri.matchAll(VARIABLES)].flatMap(([, , text]) => named(text)))];
    const inputs = names.map((name) => make("input", { name, required: true, autocomplete: "off" }));
    const dialog = make(
      "dialog",
      { id: "keiko-template" },
      make(
        "form",
        { method: "dialog" },
        make("h2", { textContent: words.fillIn(one.name) }),
        make("p", { textContent: one.uri }),
        ...inputs.map((input) => make("label", {}, make("span", { textContent: input.name }), input)),
        make("div", {}, make("button", { value: "yes", textContent: words.attachIt }), make("button", { value: "", formNoValidate: true, textContent: words.close })),
      ),
    );
    dialog.setAttribute("aria-label", words.fillIn(one.name));
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.onclose = () => {
        dialog.remove();
        const values = Object.fromEntries(inputs.map(({ name, value }) => [name, value]));
        resolve(dialog.returnValue === "yes" ? expand(one.uri, values) : null);
      };
    });
  };

  const KEYS = {
    ArrowDown: () => choose((chosen + 1) % found.length),
    ArrowUp: () => choose((chosen + found.length - 1) % found.length),
    Enter: () => pick(found[chosen]),
    Tab: () => pick(found[chosen]),
    Escape: close,
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (!isOpen() || event.target.id !== "chat-input" || event.isComposing || event.shiftKey || !Object.hasOwn(KEYS, event.key)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      KEYS[event.key]();
    },
    true,
  );
  document.addEventListener("input", ({ target }) => target.id === "chat-input" && hear());
  document.addEventListener("pointerdown", ({ target }) => !list.contains(target) && close());
  window.addEventListener("resize", () => place());

  wire.adding.push(() => (picked.length && thread === wire.thread() ? { attachments: picked.map(({ server_id, uri }) => ({ server_id, uri })) } : {}));
  wire.said.push((name) => {
    if (name !== "client_message" || !picked.length) return;
    picked = [];
    drawBar();
  });
  const follow = () => {
    if (picked.length && thread !== wire.thread()) picked = [];
    if (picked.length !== bar.childElementCount) drawBar();
    else if (picked.length || isOpen()) place();
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(list, bar);
    new MutationObserver((changes) => changes.some(({ target }) => !list.contains(target) && !bar.contains(target)) && follow()).observe(document.body, { childList: true, subtree: true });
  });
})();
