"""`keiko demo-host`: somebody else's website on this machine, with the running Keiko on it.

A real site in small: its pages load `widget.js`, and its server asks for tickets with the site's
secret. The site's name in Keiko is `Demo shop`; each start gives it a new secret.
"""

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aiohttp import web

    from app.core.resources import Resources

NAME = "Demo shop"
PAGES = Path(__file__).parent / "demo"
CUSTOMER = {"id": "customer-7", "name": "Grace Hopper"}

_SITE = {
    "name": NAME,
    "tools": ["keiko/*"],
    "allows_anonymous": True,
    "instructions": "You help the customers of a small shop for lamps. Be brief and friendly.",
    "texts": {
        "en": {"title": "Demo shop", "greeting": "Hello! What can I do for you?"},
        "de": {"title": "Demo-Laden", "greeting": "Hallo! Was kann ich für dich tun?"},
    },
}


@click.command("demo-host")
@click.option("--port", default=8080, show_default=True, help="Where the website is served.")
def demo_host(port: int) -> None:
    """Serve a website with the running Keiko on it, to try the widget out."""
    import asyncio

    from app.cli.running import with_resources
    from app.core.errors import Unavailable
    from app.core.settings import settings
    from app.launcher.folder import LauncherFolder

    running = LauncherFolder(settings().data).running()
    if running is None:
        raise Unavailable("Keiko does not run here. Start it first: ./keiko up")
    origin = f"http://host.localhost:{port}"
    made: list[str] = []

    async def make(resources: "Resources") -> None:
        made.extend(await _site(resources, origin))

    with_resources(make)
    key, secret = made
    try:
        asyncio.run(_serve(running["url"], key, secret, port))
    except KeyboardInterrupt:
        click.echo("")


async def _site(resources: "Resources", origin: str) -> tuple[str, str]:
    """Key and secret of the demo's site, which is made if it is not there."""
    from app.cli.running import acting_user
    from app.sites.service import change_site, create_site, find_site_named, renew_secret

    async with resources.db.transaction() as session:
        owner = await acting_user(session, None)
        site = await find_site_named(session, NAME)
        if site is None:
            secret, site = await create_site(session, owner.id, _SITE | {"origins": [origin]})
            return site.key, secret
        if origin not in site.origins:
            wanted = {"origins": [*site.origins[-9:], origin]}
            await change_site(session, resources, owner.id, site.id, wanted)
        secret, site = await renew_secret(session, owner.id, site.id)
        return site.key, secret


def build_host(keiko: str, key: str, secret: str, origin: str) -> "web.Application":
    """The website; `keiko` is where it reaches Keiko, as its visitors do."""
    from aiohttp import ClientSession, web

    async def ticket(request: web.Request) -> web.Response:
        """What a real site does after it has looked at its own session."""
        body = {"site_key": key, "origin": origin, "user": CUSTOMER}
        async with (
            ClientSession(headers={"Authorization": f"Bearer {secret}"}) as client,
            client.post(f"{keiko}/api/v1/widget/tickets", json=body) as answer,
        ):
            told = await answer.json()
        if answer.status != 201:
            return web.json_response({"error": told["error"]["message"]}, status=502)
        given = {"ticket": told["data"]["ticket"]}
        return web.json_response(given, headers={"Cache-Control": "no-store"})

    async def page(request: web.Request) -> web.Response:
        """A page of the shop; `/` with the button, `/inline` with the chat in the page."""
        name = "inline" if request.path == "/inline" else "floating"
        html = Template((PAGES / f"{name}.html").read_text("utf-8"))
        text = html.substitute(keiko=keiko, key=key)
        return web.Response(text=text, content_type="text/html")

    async def file(request: web.Request) -> web.FileResponse:
        """The shop's own script and style."""
        return web.FileResponse(PAGES / request.path.lstrip("/"))

    app = web.Application()
    app.router.add_post("/ticket", ticket)
    app.router.add_get("/", page)
    app.router.add_get("/inline", page)
    app.router.add_get("/shop.js", file)
    app.router.add_get("/shop.css", file)
    return app


async def _serve(keiko: str, key: str, secret: str, port: int) -> None:
    import asyncio

    from aiohttp import web

    from app.core.errors import Unavailable

    origin = f"http://host.localhost:{port}"
    runner = web.AppRunner(build_host(keiko, key, secret, origin), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        raise Unavailable(f"Port {port} is taken. Choose another: --port 8081") from error
    click.echo(f"The website is ready: {origin}")
    click.echo(f"With the chat in the page: {origin}/inline")
    click.echo("Ctrl-C stops it.")
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
