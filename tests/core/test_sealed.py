"""Secrets in the database: sealed, bound to their place, opened with their key and no other."""

import base64
import secrets
import stat
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from app.core.errors import Unavailable
from app.core.keys import open_sealer
from app.core.resources import Resources
from app.core.sealed import KEY_FILE, Place, Sealer
from app.core.settings import Settings, python

PLACE = Place("mcp_servers", "sealed", UUID(int=1))
VALUE = {"env": {"TOKEN": "hunter2 ünd"}, "headers": {}}
ELSEWHERE = [
    Place("mcp_servers", "sealed", UUID(int=2)),
    Place("mcp_servers", "other", UUID(int=1)),
    Place("other", "sealed", UUID(int=1)),
]


def key() -> bytes:
    return secrets.token_bytes(32)


def written(*keys: bytes) -> str:
    return ",".join(base64.b64encode(one).decode() for one in keys)


def with_key(folder: Path, text: str | None) -> Settings:
    return Settings.model_validate({"data": folder, "secret_key": text})


@pytest.mark.asvs("11.3.2")
def test_what_was_sealed_opens_again_and_cannot_be_read_meanwhile() -> None:
    sealer = Sealer([key()])
    sealed = sealer.seal(VALUE, PLACE)
    assert b"hunter2" not in sealed and b"TOKEN" not in sealed
    assert sealer.unseal(sealed, PLACE) == VALUE
    assert sealer.seal(VALUE, PLACE) != sealed


@pytest.mark.asvs("11.3.3")
@pytest.mark.parametrize("place", ELSEWHERE, ids=["row", "column", "table"])
def test_a_sealed_value_that_was_moved_does_not_open(place: Place) -> None:
    sealer = Sealer([key()])
    sealed = sealer.seal(VALUE, PLACE)
    with pytest.raises(Unavailable, match="damaged or moved"):
        sealer.unseal(sealed, place)


@pytest.mark.asvs("11.3.3")
def test_no_bit_of_a_sealed_value_may_differ() -> None:
    sealer = Sealer([key()])
    sealed = sealer.seal(VALUE, PLACE)
    for at in range(len(sealed)):
        other = bytearray(sealed)
        other[at] ^= 1
        with pytest.raises(Unavailable):
            sealer.unseal(bytes(other), PLACE)
    for length in (0, 5, 15, len(sealed) - 1):
        with pytest.raises(Unavailable):
            sealer.unseal(sealed[:length], PLACE)


@pytest.mark.asvs("11.2.2")
def test_the_first_key_seals_and_all_open(tmp_path: Path) -> None:
    old, new = key(), key()
    sealed = Sealer([old]).seal(VALUE, PLACE)
    both = open_sealer(with_key(tmp_path, written(new, old)))
    assert both.unseal(sealed, PLACE) == VALUE
    assert Sealer([new]).unseal(both.seal(VALUE, PLACE), PLACE) == VALUE
    with pytest.raises(Unavailable, match="KEIKO_SECRET_KEY"):
        Sealer([new]).unseal(sealed, PLACE)


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("text", ["", "abc", "not base64!", "aGVsbG8=", "x" * 44, "{good},"])
def test_a_key_that_is_none_seals_nothing_and_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unavailable, match="KEIKO_SECRET_KEY does not hold a key") as refusal:
        open_sealer(with_key(tmp_path, text.replace("{good}", written(key()))))
    assert not text or text not in str(refusal.value)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.asvs("13.3.2")
def test_without_a_setting_the_first_start_makes_a_file_for_its_account_alone(
    tmp_path: Path,
) -> None:
    settings = with_key(tmp_path / "new", None)
    sealed = open_sealer(settings).seal(VALUE, PLACE)
    file = settings.data / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(settings.data.iterdir()) == [file]
    assert open_sealer(settings).unseal(sealed, PLACE) == VALUE


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.core.sealed import *;"
        "from app.core.keys import open_sealer;"
        "from app.core.settings import Settings; from uuid import UUID;"
        "sealer = open_sealer(Settings(data=Path(sys.argv[1])));"
        "print(sealer.seal(1, Place('a', 'b', UUID(int=1))).hex())"
    )
    starts = [
        subprocess.Popen([python(), "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    sealed = [start.communicate()[0].strip() for start in starts]
    sealer = open_sealer(with_key(tmp_path, None))
    assert [sealer.unseal(bytes.fromhex(one), Place("a", "b", UUID(int=1))) for one in sealed] == [
        1,
        1,
        1,
        1,
    ]
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_a_damaged_key_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(Unavailable, match=KEY_FILE):
        open_sealer(with_key(tmp_path, None))
    assert (tmp_path / KEY_FILE).read_bytes() == b"\xff\xfe"


def test_a_folder_that_cannot_hold_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="KEIKO_SECRET_KEY"):
        open_sealer(with_key(tmp_path / "file", None))


async def test_a_process_seals_with_what_its_settings_name(resources: Resources) -> None:
    sealed = resources.sealer.seal(VALUE, PLACE)
    assert open_sealer(resources.settings).unseal(sealed, PLACE) == VALUE
