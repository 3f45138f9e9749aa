// What an answer says of other hosts. A picture that a page loads by itself tells its host whatever
// stands in its address, and the address may be of an attacker's making: so no picture of another
// host is loaded, it becomes a link. A link says where it leads, takes no referrer along, and is
// asked about where its address carries something away or its text names another host.

const elsewhere = (() => {
  const MOST_CARRIED = 50; // characters of queries and fragments that pass without a question
  const LONGEST_WORD = 40; // characters of one part of a path or a name, without a break
  const native = Element.prototype.setAttribute;

  // The address, if it is one of another host.
  const foreign = (address) => {
    try {
      const url = new URL(address, location.href);
      return /^(https?|ftp|wss?):$/.test(url.protocol) && url.host !== location.host ? url : null;
    } catch {
      return null;
    }
  };

  const unwrapped = (text) => {
    try {
      return decodeURIComponent(text.replaceAll("+", " "));
    } catch {
      return text;
    }
  };

  // What an address carries besides saying where it leads.
  const carried = (url) => {
    const words = [...url.pathname.split("/"), ...url.hostname.split(".")];
    const said = [...url.searchParams.entries()].flat().join("") + url.hash.slice(1);
    const hidden = words.filter((word) => word.split(/[-_.]/).some((part) => part.length > LONGEST_WORD));
    const user = url.username + url.password;
    return said.length > MOST_CARRIED ? unwrapped(url.search + url.hash) : hidden.join(" ") || user;
  };

  // Whether the text of a link is the name of a host to which it does not lead.
  const misleads = (text, url) => {
    const [, said] = text.trim().match(/^(?:https?:\/\/)?((?:[\w-]+\.)+[a-z]{2,})(?:[/:?#]|$)/i) ?? [];
    if (!said) return false;
    const plain = (host) => host.toLowerCase().replace(/^www\./, "");
    return plain(said) !== plain(url.hostname);
  };

  const keepBack = (element, url) => {
    native.call(element, "data-keiko-foreign", url.href);
    if (element instanceof HTMLImageElement) {
      native.call(element, "role", "link");
      native.call(element, "tabindex", "0");
      name(element, element.dataset.keikoAlt ?? element.getAttribute("alt") ?? "");
    }
    native.call(element, "title", words.picture(url.host, url.href));
  };
  const name = (picture, alt) => {
    const { host } = new URL(picture.getAttribute("data-keiko-foreign"));
    native.call(picture, "data-keiko-alt", alt);
    native.call(picture, "alt", words.pictureAt(host, alt));
  };
  const point = (link, url) => {
    native.call(link, "rel", "noopener noreferrer nofollow");
    native.call(link, "referrerpolicy", "no-referrer");
    native.call(link, "target", "_blank");
    native.call(link, "title", url.href);
    queueMicrotask(() => {
      if (!link.textContent.includes(url.host)) native.call(link, "data-keiko-host", url.host);
    });
  };

  for (const [kind, addresses] of [
    [HTMLImageElement, ["src", "srcset"]],
    [HTMLMediaElement, ["src", "poster"]],
    [HTMLSourceElement, ["src", "srcset"]],
    [HTMLIFrameElement, ["src", "srcdoc"]],
    [HTMLEmbedElement, ["src"]],
    [HTMLObjectElement, ["data"]],
  ]) {
    kind.prototype.setAttribute = function (attribute, value) {
      const url = addresses.includes(attribute.toLowerCase()) && foreign(String(value).split(/\s/)[0]);
      if (url) keepBack(this, url);
      else if (attribute === "alt" && this.hasAttribute("data-keiko-foreign")) name(this, String(value));
      else native.call(this, attribute, value);
    };
    for (const address of addresses) {
      const property = Object.getOwnPropertyDescriptor(kind.prototype, address);
      if (!property) continue;
      const set = function (value) {
        this.setAttribute(address, value);
      };
      Object.defineProperty(kind.prototype, address, { ...property, set });
    }
  }
  HTMLAnchorElement.prototype.setAttribute = function (attribute, value) {
    const url = attribute.toLowerCase() === "href" && foreign(value);
    const isFixed = ["rel", "target", "title"].includes(attribute) && foreign(this.getAttribute("href") ?? "");
    if (!isFixed) native.call(this, attribute, value);
    if (url) point(this, url);
  };

  const ask = (url, why) => {
    const dialog = document.createElement("dialog");
    const button = (text, value) =>
      Object.assign(document.createElement("button"), { textContent: text, value, type: "submit" });
    const text = (tag, said) => Object.assign(document.createElement(tag), { textContent: said });
    const form = Object.assign(document.createElement("form"), { method: "dialog" });
    const actions = document.createElement("div");
    const stay = button(words.stay, "stay");
    stay.autofocus = true;
    actions.append(stay, button(words.leave, "leave"));
    form.append(text("h2", words.leaving(url.host)), text("p", why), text("code", url.href), actions);
    dialog.id = "keiko-leaving";
    dialog.setAttribute("aria-label", words.leaving(url.host));
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.onclose = () => {
        dialog.remove();
        resolve(dialog.returnValue === "leave");
      };
    });
  };
  const leave = (url) => window.open(url, "_blank", "noopener,noreferrer");

  // Why somebody should look before they go; nothing where there is no reason.
  const doubt = (link, url) => {
    const cargo = carried(url);
    if (cargo) return words.carries(cargo.slice(0, 200));
    return misleads(link.textContent, url) ? words.misleads(url.host) : "";
  };

  const follow = async (event) => {
    const link = event.target.closest?.("a[href], img[data-keiko-foreign]");
    const url = link && foreign(link.getAttribute("href") ?? link.dataset.keikoForeign ?? "");
    if (!url || (event.type === "auxclick" && event.button !== 1)) return;
    if (event.type === "keydown" && (event.key !== "Enter" || link.tagName === "A")) return;
    const why = doubt(link, url);
    if (!why && link.tagName === "A") return;
    event.preventDefault();
    event.stopPropagation();
    if (!why || (await ask(url, why))) leave(url);
  };
  for (const kind of ["click", "auxclick", "keydown"]) document.addEventListener(kind, follow, true);

  return { foreign, carried, misleads };
})();
