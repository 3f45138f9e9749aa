// Who sits here: a cookie where the browser keeps it, else a token in memory; and every request with it.

const TOKEN = `kw:${site.key}`;
const CLIENT = `kc:${site.key}`;

class Refused extends Error {
  constructor(status, error = {}, retryAfter = 0) {
    super(error.message ?? t("failed"));
    Object.assign(this, { status, code: error.code, field: error.field, retryAfter });
  }
}

const session = {
  user: null,
  isFull: false,
  token: null,
  client: ofTab.get(CLIENT) ?? newId(),

  async request(path, { method = "GET", body, headers = {}, signal, keepalive } = {}) {
    return fetch(`/api/v1${path}`, {
      method,
      signal,
      keepalive,
      cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        "X-Keiko-Site": site.key,
        ...(isFull ? { "X-Keiko-Full": "1" } : {}),
        "Accept-Language": isGerman ? "de" : "en",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(session.token ? { Authorization: `Bearer ${session.token}` } : {}),
        ...headers,
      },
    });
  },

  // The data of an answer. Throws Refused, with a sentence; TypeError when nobody answers.
  async api(path, options) {
    const response = await session.request(path, options);
    const told = response.status === 204 ? {} : await response.json().catch(() => ({}));
    if (response.ok) return told.data;
    if (response.status === 401 && !path.startsWith("/widget/session")) session.lost();
    throw new Refused(response.status, told.error, Number(response.headers.get("Retry-After")) || 0);
  },

  async who() {
    const found = await session.api("/widget/session");
    session.user = found.user;
    session.isFull = Boolean(found.is_full);
    return session.user;
  },

  // Whether this visit still counts; yes as long as nobody answers.
  stands: () => session.api("/widget/session").then((found) => found.user !== null, () => true),

  async enter(body) {
    const entered = await session.api("/widget/session", { method: "POST", body: { host_origin: page.origin, ...body } });
    session.setToken(entered.token ?? null);
    return entered;
  },

  setToken(token) {
    session.token = token;
    ofTab.set(TOKEN, token);
  },

  // Come in with what `proof` gets; once more for a token if the browser drops the cookie.
  async comeIn(proof) {
    session.setToken(null);
    await session.enter(await proof());
    if (await session.who()) return true;
    await session.enter({ ...(await proof()), want_token: true });
    return Boolean(await session.who());
  },

  async begin() {
    if (session.isBeginning) return;
    session.isBeginning = true;
    try {
      await keepTrying(session.tryToBegin);
    } catch (error) {
      frame.gate(error.status === 403 || error.status === 404 ? t("over") : error.message);
    } finally {
      session.isBeginning = false;
    }
  },

  async tryToBegin() {
    session.token = ofTab.get(TOKEN);
    ofTab.set(CLIENT, session.client);
    const code = isFull && new URLSearchParams(location.hash.slice(1)).get("code");
    if (code) {
      history.replaceState(null, "", location.pathname);
      await session.enter({ code }).catch(() => null);
    }
    if (await session.who()) return session.isIn();
    const ways = isFull ? [] : [session.byTicket, ...(site.allows_anonymous ? [session.byNobody] : [])];
    let wrong = null;
    for (const way of ways) {
      try {
        if (await session.comeIn(way)) return session.isIn();
      } catch (error) {
        if (!(error instanceof Refused) && error.message !== NO_TICKET) throw error;
        if (error.status >= 500) throw error;
        wrong = error.status ? error : wrong;
      }
    }
    session.setToken(null);
    frame.gate(wrong?.message ?? t("signInFirst"));
    page.tell("ready", { signedIn: false });
    page.showState();
  },

  async byTicket() {
    const ticket = await page.ask("ticket", {}, 10_000).catch(() => null);
    if (typeof ticket !== "string") throw new Error(NO_TICKET);
    return { ticket };
  },

  byNobody: async () => ({ anonymous: true }),

  async isIn() {
    await chat.begin();
    frame.gate(null);
    page.tell("ready", { signedIn: true });
    page.showState();
    if (composer.isEager) composer.submit();
  },

  // The session is over: ask the page for a new one, without a word if that works.
  lost() {
    if (session.user === null) return;
    session.user = null;
    streams.stop();
    session.begin();
  },

  async signOut() {
    await session.request("/widget/session", { method: "DELETE" }).catch(() => null);
    session.setToken(null);
    session.user = null;
    streams.stop();
    outbox.forget();
    chat.forget();
    ofTab.set(THREAD, null);
    frame.gate(t("signedOut"));
    page.unread = 0;
    page.tell("signedout");
    page.showState();
  },

  // A window of Keiko's own, where somebody signs in; it sends a ticket back.
  signInByWindow() {
    const opened = window.open(`/w/${encodeURIComponent(site.key)}/sign-in`, "keiko-sign-in", "popup,width=480,height=680");
    const listen = async ({ source, origin, data }) => {
      if (source !== opened || origin !== location.origin || data?.type !== "signed-in" || typeof data.ticket !== "string") return;
      removeEventListener("message", listen);
      await session.byWindow(data.ticket);
    };
    addEventListener("message", listen);
  },

  async byWindow(ticket) {
    try {
      // A cookie that this browser drops would cost the ticket, and there is no second one.
      await session.enter({ ticket, want_token: true });
      if (await session.who()) await session.isIn();
      else frame.gate(t("notLetIn"));
    } catch (error) {
      frame.gate(error.message);
    }
  },
};

const NO_TICKET = "no ticket";

// Do something until somebody answers; a sentence says so meanwhile. Waits at most 2 s between tries.
async function keepTrying(work) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 2000)) {
    try {
      const done = await work();
      frame.connection(true);
      return done;
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
      frame.connection(false);
      await pause(error.retryAfter ? Math.min(error.retryAfter * 1000, 2000) : wait);
    }
  }
}

// Open Keiko's own page at top level, with the same visitor and conversation.
async function openFull() {
  const opened = window.open("about:blank", "_blank");
  try {
    const { address } = await session.api("/widget/continue", { method: "POST", body: chat.thread && chat.isStored ? { thread_id: chat.thread } : {} });
    if (!opened) return void location.assign(address);
    opened.opener = null;
    opened.location.replace(address);
  } catch (error) {
    opened?.close();
    frame.notice(error.message);
  }
}
