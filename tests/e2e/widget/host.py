"""Somebody's website with Keiko on it: a real server, whose own end point asks for tickets.

The same server answers for `host.example`, which the site lists, and `evil.example`, which it
does not. What a page is like stands in its address: `/shop?lang=de&theme=dark`.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import aiohttp
from aiohttp import web

HOST, EVIL, KEIKO = "host.example", "evil.example", "keiko.test"

FUNCTIONS = """
window.ran = [];
window.heard = [];
window.Keiko ??= {q: []}; // what is said before widget.js is there, waits for it
const tell = (name, ...given) => (Keiko.q ? Keiko.q.push([name, ...given]) : Keiko[name](...given));
const offer = () => {
  tell("register", {
    name: "find_order", description: "Finds an order of this customer.", readOnly: true,
    parameters: {type: "object", properties: {number: {type: "integer"}}, required: ["number"]},
    run: ({number}) => (ran.push(["find_order", number]), {number, status: "on its way"}),
  });
  tell("register", {
    name: "cancel_order", description: "Cancels an order.",
    parameters: {type: "object", properties: {number: {type: "integer"}}, required: ["number"]},
    run: ({number}) => (ran.push(["cancel_order", number]), {number, status: "cancelled"}),
  });
  const names = ["ready", "answer", "question", "task", "signedout", "unread", "open", "close"];
  for (const name of names) tell("on", name, (data) => heard.push([name, data]));
};
offer();
"""

STYLE = """
body { margin: 0; font: 16px/1.6 Georgia, serif; color: #222; background: #faf7f2; }
main { max-width: 44rem; margin: 0 auto; padding: 3rem 1.5rem; }
#chat { height: 600px; border: 1px solid #ddd; border-radius: 12px; overflow: hidden; }
"""

PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/host.css">
<script src="{keiko}/widget.js" {how} {attributes}></script>{scripts}</head>
<body><main><h1>{title}</h1><p>Hand-made lamps since 1921. Order 7 is on its way.</p>
<p><label>Search <input id="search"></label></p>{body}
<p>{filler}</p></main></body></html>"""

HOSTILE = {
    # The frame itself, in a page that the site does not list.
    "frames": '<!doctype html><iframe src="{keiko}/w/{key}"></iframe>',
    # A page of the site's, with a stranger's page in it that shows the frame.
    "nests": """<!doctype html><title>x</title><script>
      const inner = document.createElement("iframe");
      inner.src = location.href.replace("host.example", "evil.example").replace("nests", "frames");
      document.documentElement.append(inner);
    </script>""",
    # A stranger's frame beside the chat, which speaks to both as if it were the other.
    "forges": """<!doctype html><script>
      setInterval(() => {{
        parent.postMessage({{keiko: 1, type: "ready"}}, "*");
        const call = {{type: "call", id: "1", name: "cancel_order", args: {{}}}};
        parent.postMessage({{keiko: 1, ...call}}, "*");
        for (let n = 0; n < parent.length; n++) {{
          const init = {{keiko: 1, type: "init", lang: "de", theme: "dark", mode: "inline"}};
          parent[n].postMessage(init, "*", [new MessageChannel().port2]);
          parent[n].postMessage({{keiko: 1, type: "send", text: "forged"}}, "*");
        }}
      }}, 50);
    </script>""",
}

STRICT = (
    "default-src 'none'; script-src 'self' {keiko}; style-src 'self'; img-src data:; "
    "connect-src 'self'; frame-src {keiko}; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Names:
    """What the servers of a test are called."""

    keiko: str = KEIKO
    host: str = HOST
    evil: str = EVIL


@dataclass
class HostSite:
    """A website; `keiko` is the address that browsers know, `behind` the one its server asks."""

    keiko: str = ""
    behind: str = ""
    name: str = HOST
    key: str = ""
    secret: str = ""
    port: int = 0
    tickets: list[str] = field(default_factory=list)
    """Tickets that it was given, newest last."""
    is_closed: bool = False
    """Whether its end point lets nobody in."""

    def url(self, path: str = "/shop", host: str | None = None) -> str:
        """Where one of its pages is."""
        return f"https://{host or self.name}:{self.port}{path}"

    @property
    def origin(self) -> str:
        """What the site lists."""
        return self.url("")

    def app(self) -> web.Application:
        """Its server."""
        app = web.Application()
        app.router.add_post("/ticket", self._ticket)
        app.router.add_get("/host.css", self._style)
        app.router.add_get("/functions.js", self._functions)
        app.router.add_get("/{name}", self._page)
        return app

    async def ask_ticket(self, who: str = "ada", **changed: Any) -> tuple[int, Any]:
        """What Keiko's server answers this server, which vouches for a customer."""
        body = {"site_key": self.key, "origin": self.origin, "user": {"id": who, "name": who}}
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.secret}"}) as client,
            client.post(f"{self.behind}/api/v1/widget/tickets", json=body | changed) as answer,
        ):
            return answer.status, await answer.json()

    async def _ticket(self, request: web.Request) -> web.Response:
        if self.is_closed or request.cookies.get("customer") is None:
            return web.json_response({}, status=204)
        status, told = await self.ask_ticket(request.cookies["customer"])
        if status != 201:
            return web.json_response(told, status=status)
        self.tickets.append(told["data"]["ticket"])
        return web.json_response(
            {"ticket": self.tickets[-1]}, headers={"Cache-Control": "no-store"}
        )

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def _functions(self, request: web.Request) -> web.Response:
        return web.Response(text=FUNCTIONS, content_type="text/javascript")

    async def _page(self, request: web.Request) -> web.Response:
        query, name = request.query, request.match_info["name"]
        if name in HOSTILE:
            html = HOSTILE[name].format(keiko=self.keiko, key=self.key, shop=self.url())
            return web.Response(text=html, content_type="text/html")
        given = {k: query[k] for k in ("lang", "theme", "accent", "preload") if k in query}
        known = {"site": query.get("site", self.key)}
        if name != "anonymous":
            known["ticket-url"] = "/ticket"
        if name == "inline":
            known |= {"mode": "inline", "target": "#chat"}
        attributes = " ".join(f'data-{k}="{escape(v)}"' for k, v in (known | given).items())
        html = PAGE.format(
            lang=query.get("lang", "en"),
            title="Lamps & Co.",
            keiko=self.keiko,
            how="defer" if query.get("how") != "async" else "async",
            attributes=attributes,
            scripts='<script src="/functions.js" defer></script>',
            body='<div id="chat"></div>' if name == "inline" else "",
            filler="A lamp is a good thing. " * 60,
        )
        answer = web.Response(text=html, content_type="text/html")
        answer.headers.update(self._headers(name))
        if request.host.startswith(self.name) and name != "anonymous":
            answer.set_cookie("customer", query.get("as", "ada"), secure=True, httponly=True)
        return answer

    def _headers(self, name: str) -> dict[str, str]:
        policy = STRICT.format(keiko=self.keiko)
        return {
            "strict": {"Content-Security-Policy": policy},
            "typed": {
                "Content-Security-Policy": f"{policy}; require-trusted-types-for 'script'; "
                "trusted-types 'none'"
            },
            "isolated": {
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Embedder-Policy": "require-corp",
            },
        }.get(name, {})
