"""What the pages' own scripts and forms do, read from their files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    path
    for folder in ("public/keiko", "app/ui/script")
    for path in sorted((ROOT / folder).rglob("*.js"))
    if "lit-html" not in path.parts
] + [ROOT / "public" / "widget.js"]
OF_OUR_OWN = ("serviceWorker", "channel", "this")
"""A service worker, a channel of this origin, and (in the wire) the page's own socket."""

PAGES = sorted((ROOT / "app" / "ui" / "pages").glob("*.html"))


SPOKEN_TO = {
    "20-page.js": ("source !== window.parent", "!site.origins.includes(origin)"),
    "25-session.js": ("source !== opened", "origin !== location.origin"),
    "widget.js": ("source !== frame.contentWindow", "from !== origin"),
}
"""The widget and its frame speak to each other: what each asks first of whoever speaks to it."""


@pytest.mark.asvs("3.5.5")
def test_who_listens_to_another_window_asks_first_which_one_it_is_and_of_which_origin() -> None:
    """A listener without an object before it is the window's own."""
    listening = {}
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        bare = re.findall(r"(?<![.\w])addEventListener\(\s*[\"'`]message[\"'`]", text)
        if bare:
            listening[script.name] = (len(bare), text)
    assert listening.keys() == SPOKEN_TO.keys()
    for name, (listeners, text) in listening.items():
        assert listeners == 1, name
        assert all(check in text for check in SPOKEN_TO[name]), name


@pytest.mark.asvs("3.5.5")
def test_no_other_page_of_ours_listens_to_messages_of_other_windows() -> None:
    """Only to its own service worker and to a channel of its own origin."""
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        for listener in re.findall(r"(\S+)\.addEventListener\(\s*[\"'`]message[\"'`]", text):
            assert listener.rsplit(".")[-1] in OF_OUR_OWN, f"{script}: {listener}"
        assert not re.search(r"\b(window|self|globalThis|parent)\.onmessage\b", text), script


@pytest.mark.asvs("1.3.2", "3.2.2")
def test_no_script_runs_text_and_markup_is_our_own_alone() -> None:
    """Markup is written as a constant without anything inserted (an icon), or not at all."""
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        assert not re.search(r"\beval\(|new Function\(|insertAdjacentHTML|unsafeHTML", text), script
        for written in re.findall(r"\.(?:inner|outer)HTML\s*=\s*([^;]*);", text):
            assert re.fullmatch(r"[\"'`][^$`\"]*[\"'`]|[A-Z_]+", written.strip()), (
                f"{script}: {written}"
            )


@pytest.mark.asvs("6.2.6", "6.2.7")
def test_password_fields_hide_and_work_with_paste_and_managers() -> None:
    fields = [tag for page in PAGES for tag in re.findall(r"<input[^>]*>", page.read_text("utf-8"))]
    passwords = [tag for tag in fields if re.search(r'name="[^"]*password', tag)]
    assert len(passwords) >= 3
    for tag in passwords:
        assert 'type="password"' in tag, tag
        assert re.search(r'autocomplete="(current|new)-password"', tag), tag
        assert "onpaste" not in tag, tag
    for script in SCRIPTS:
        assert not re.search(r"[\"'`]paste[\"'`]\s*,", script.read_text("utf-8")), script
