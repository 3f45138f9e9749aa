// Who is signed in, and what of their requests must not fail for a server that is away.

const me = { identifier: null, changed: [] };

(() => {
  const FIRST_PAUSE = 500; // ms
  const LONGEST_PAUSE = 8000;
  const KNOWN = { de: "de-DE", en: "en-US" };
  const ask = window.fetch;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // Chainlit takes any failure of this request for "signed out" and leaves the page, with whatever
  // is written on it. Only 401 means that; everything else is asked again.
  const askWhoIAm = async (input, init) => {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const answer = await ask(input, init);
        if (answer.status === 401) return toLogin();
        if (answer.ok) return remember(answer);
      } catch {
        // Not reachable.
      }
      await wait(pause);
    }
  };
  const toLogin = () => {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  };
  const remember = async (answer) => {
    const user = await answer.clone().json();
    if (me.identifier !== user.identifier) {
      me.identifier = user.identifier;
      me.changed.forEach((listener) => listener());
    }
    return answer;
  };

  // A thread that is shown: Chainlit leaves it before it is removed, but resumes it meanwhile and
  // comes back to its address. So the page begins anew.
  const remove = async (input, init) => {
    const { threadId } = JSON.parse(init.body);
    const answer = await ask(input, init);
    if (!answer.ok || !location.pathname.endsWith(threadId)) return answer;
    location.assign("/");
    return new Promise(() => {});
  };

  // Chainlit knows "de-DE" and "en-US": Austria and Australia mean these.
  const inKnownLanguage = (input) =>
    typeof input === "string"
      ? input.replace(/([?&]language=)(de|en)[\w-]*/, (_, name, language) => name + KNOWN[language])
      : input;

  window.fetch = async (input, init) => {
    const { pathname, origin } = new URL(input?.url ?? input, location.href);
    if (origin !== location.origin) return ask(input, init);
    // A cookie for proxies that must find the same process again. Ours need not.
    if (pathname === "/set-session-cookie") return new Response("{}");
    if (pathname === "/logout") store.list("keiko.draft.").forEach(({ key }) => store.drop(key));
    if (pathname === "/project/thread" && init?.method === "DELETE") return remove(input, init);
    if (pathname.startsWith("/project/")) input = inKnownLanguage(input);
    return pathname === "/user" ? askWhoIAm(input, init) : ask(input, init);
  };

  document.documentElement.lang = navigator.language;
  try {
    localStorage["vite-ui-theme"] ??= "system";
  } catch {
    // Nothing can be stored: Chainlit's own default, then.
  }
})();
