"""The pages that are not Chainlit's: sign-in, set-up and notices, in German and English.

Each is a fragment beside this file, put into `layout.html`. `$name` is a text of `texts.py` or a
value; both are escaped. Styles and script lie in `public/keiko`, so the policy forbids inline ones.
"""

import hashlib
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

from app.core.refusals import in_language
from app.ui.pages.texts import TEXTS

_HERE = Path(__file__).parent
_PUBLIC = _HERE.parents[2] / "public" / "keiko"

_POLICY = Template(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'$form_to; base-uri 'none'; frame-ancestors 'none'"
)
FRAMES = "/w/"
"""Where the pages of sites' visitors are."""

KEEPS_OPENER = {"Cross-Origin-Opener-Policy": "unsafe-none"}
"""Said on the way to a window that a site's frame has opened: it is to hear from it."""

_MARKUP = ("ways", "markup")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language",
}


def page(
    name: str,
    language: str,
    *,
    status: int = 200,
    problem: str = "",
    form_to: str = "",
    **values: str,
) -> HTMLResponse:
    """A page in this language; `problem` is a sentence that stands above the form.

    `form_to` is where else the answer to its form may lead: browsers check that, too. Among the
    values, `ways` (the buttons of other ways to sign in) and `markup` are HTML of our own making.
    """
    texts = {**TEXTS[language], **values, "language": language, "version": _assets_version()}
    texts["problem"] = in_language(problem, language)
    escaped = {key: text if key in _MARKUP else escape(text) for key, text in texts.items()}
    escaped["problem_hidden"] = "" if problem else "hidden"
    escaped["title"] = escaped[f"{name}_title"]
    escaped["content"] = _template(name).substitute(escaped)
    policy = _POLICY.substitute(form_to=f" {form_to}" if form_to else "")
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    if values.get("next", "").startswith(FRAMES):
        headers.update(KEEPS_OPENER)
    return HTMLResponse(_template("layout").substitute(escaped), status, headers)


@cache
def _template(name: str) -> Template:
    return Template((_HERE / f"{name}.html").read_text("utf-8"))


@cache
def _assets_version() -> str:
    """Changes with style and script, whose addresses may therefore be cached for ever."""
    files = (_PUBLIC / "sign-in.css", _PUBLIC / "sign-in.js")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
