"""A setting that is wrong is named in a sentence, with its place, and never with its value."""

import pytest

from app.cli.operate import main

CASES = {
    ("SIGN_IN_PROVIDERS", '[{"name": "a",}]'): (
        "KEIKO_SIGN_IN_PROVIDERS is not valid JSON: at line 1, column 15, a name in double quotes "
        "is expected; there may be a comma too many before it."
    ),
    ("SIGN_IN_PROVIDERS", "[{'name': 'a'}]"): (
        "KEIKO_SIGN_IN_PROVIDERS is not valid JSON: at line 1, column 3, a name in double quotes "
        "is expected; there may be a comma too many before it."
    ),
    ("MODELS", '[\n{"name": "a" "url": "b"}]'): (
        "KEIKO_MODELS is not valid JSON: at line 2, column 14, a comma or a closing bracket is "
        "missing."
    ),
    ("OUTBOUND_PRIVATE", "hush-hush-hush"): (
        "KEIKO_OUTBOUND_PRIVATE is not valid JSON: at line 1, column 1, a value is expected; text "
        "stands in double quotes."
    ),
    ("MCP_COMMANDS", '["a"] b'): (
        "KEIKO_MCP_COMMANDS is not valid JSON: at line 1, column 7, there is more behind its end."
    ),
    ("TOOL_RULES", '["a'): (
        "KEIKO_TOOL_RULES is not valid JSON: at line 1, column 2, a text that begins here has no "
        "closing quote."
    ),
    ("SIGN_IN_PROVIDERS", '{"name": "a"}'): "KEIKO_SIGN_IN_PROVIDERS: Write a list: […].",
    ("SIGN_IN_PROVIDERS", '["hush-hush-hush"]'): (
        "KEIKO_SIGN_IN_PROVIDERS, entry 1: Write an object: {…}."
    ),
    ("SIGN_IN_PROVIDERS", '[{"name": "a", "client_id": 5, "preset": "google"}]'): (
        "KEIKO_SIGN_IN_PROVIDERS, entry 1, client_id: Write a text, in double quotes."
    ),
    ("SIGN_IN_PROVIDERS", '[{"preset": "google", "client_id": "hush"}]'): (
        "KEIKO_SIGN_IN_PROVIDERS, entry 1, name: It is missing."
    ),
    ("TOOL_RULES", '[{"pattern": "a/b", "decision": "hush"}]'): (
        "KEIKO_TOOL_RULES, entry 1, decision: Write one of 'allow', 'ask' or 'deny'."
    ),
    ("RATE_LIMITS", '{"hushing": 1}'): (
        "KEIKO_RATE_LIMITS, hushing: There is no such thing; look how it is spelled."
    ),
    ("PORT", "hush"): "KEIKO_PORT: Write a whole number.",
    ("PORT", "70000"): "KEIKO_PORT: Write at most 65535.",
    ("MODEL_DISCOVERY", "hush"): "KEIKO_MODEL_DISCOVERY: Write true or false.",
}


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str
) -> str:
    monkeypatch.setenv(f"KEIKO_{setting}", value)
    monkeypatch.setattr("sys.argv", ["keiko", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(("setting", "value"), CASES)
def test_a_wrong_setting_is_named_with_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str
) -> None:
    for name in ("LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)

    said = told(monkeypatch, capsys, setting, value)

    assert said == f"keiko: {CASES[setting, value]}\n"
    assert "hush-" not in said


def test_it_is_said_in_german_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    said = told(monkeypatch, capsys, "SIGN_IN_PROVIDERS", '[{"name": "a"')
    assert said == (
        "keiko: KEIKO_SIGN_IN_PROVIDERS ist kein gültiges JSON: in Zeile 1, Spalte 14: "
        "hier fehlt ein Komma oder eine schließende Klammer.\n"
    )
    said = told(monkeypatch, capsys, "SIGN_IN_PROVIDERS", '[{"name": 5, "preset": "google"}]')
    assert said == (
        "keiko: KEIKO_SIGN_IN_PROVIDERS, Eintrag 1, name: Schreibe einen Text in "
        "Anführungszeichen.\n"
        "keiko: KEIKO_SIGN_IN_PROVIDERS, Eintrag 1, client_id: Das fehlt.\n"
    )
