"""`keiko up`: what a person sees, and what becomes of whatever is killed."""

import os
import signal
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.product import Product

CHILDREN = ("web", "worker", "consumer")
EVERYTHING = (*CHILDREN, "postgres", "valkey")


@pytest.fixture
def own_product() -> Iterator[Product]:
    """A Keiko that is not started yet and that this test may ruin."""
    it = Product()
    yield it
    it.remove()


def family(product: Product) -> list[psutil.Process]:
    """The launcher and everything below it."""
    launcher = psutil.Process(product.pid("launcher"))
    return [launcher, *launcher.children(recursive=True)]


def alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_process_ids_name_the_processes_that_serve(product: Product) -> None:
    below = {process.pid: process for process in family(product)}
    for name in EVERYTHING:
        assert product.pid(name) in below
    for name in CHILDREN:
        nursery = psutil.Process(product.pid(name)).parent()
        assert nursery
        assert [name, "--nursery"] == nursery.cmdline()[3:5]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_process_is_forked_anew(product: Product, name: str, how: signal.Signals) -> None:
    old = product.kill(name, how)
    new = product.wait_for_new(name, old, seconds=20)
    assert psutil.Process(new).is_running()
    product.wait_ready()


def test_a_request_made_while_web_is_away_is_answered_by_the_next_one(product: Product) -> None:
    product.kill("web")
    assert httpx.get(f"{product.url}/ready", timeout=30).status_code == 200


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_is_started_again_in_place(product: Product, name: str) -> None:
    old = product.kill(name)
    product.wait_for_new(name, old, seconds=20)
    product.wait_ready()
    product.login()


def test_a_killed_nursery_takes_its_child_along_and_both_come_back(product: Product) -> None:
    old = psutil.Process(product.pid("consumer"))
    nursery = old.parent()
    assert nursery
    nursery.kill()
    product.wait_for_new("consumer", old.pid, seconds=30)
    assert not alive(old)


def test_a_second_start_says_where_the_first_one_serves(product: Product) -> None:
    done = product.run("up", "--port", "0")
    assert done.returncode == 0
    assert f"already running at {product.url} (process {product.pid('launcher')}" in done.stdout
    assert "läuft schon" in product.run("up", LANG="de_DE.UTF-8").stdout


def test_a_taken_port_is_a_sentence(product: Product, own_product: Product) -> None:
    done = own_product.run("up", "--port", str(product.port))
    assert done.returncode == 1
    assert f"Port {product.port} is taken by another program" in done.stderr
    assert "--port N" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_a_sentence(own_product: Product) -> None:
    done = own_product.run("up", "--host", "192.0.2.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "192.0.2.1 is not an address of this machine" in done.stderr


def test_the_doctor_is_content_with_a_running_keiko(product: Product) -> None:
    done = product.run("doctor")
    assert done.returncode == 0, done.stdout
    assert f"Keiko runs at {product.url}" in done.stdout
    assert "database is up to date" in done.stdout


def test_the_doctor_names_a_folder_that_cannot_be_used_and_the_remedy(
    own_product: Product,
) -> None:
    own_product.data.touch()
    done = own_product.run("doctor", "--port", "0")
    assert done.returncode == 1
    assert "problem  data folder" in done.stdout
    assert "--data DIR" in done.stdout


def test_accounts_are_made_shown_and_shut_from_the_command_line(product: Product) -> None:
    password = "a password that nobody guesses"
    assert product.run("users", "add", "Grace", "--password", password).returncode == 0
    product.login("grace", password)
    assert "may no longer sign in" in product.run("users", "disable", "grace").stdout
    assert "Grace" in product.run("users", "list").stdout
    with pytest.raises(httpx.HTTPStatusError):
        product.login("grace", password)


def test_the_first_start_prints_a_link_and_ctrl_c_ends_everything(own_product: Product) -> None:
    own_product.start(KEIKO_OWNER_PASSWORD="")
    link = f"{own_product.url}/setup/"
    assert own_product.output.count(link) == 1
    token = own_product.output.partition(link)[2].split()[0]
    assert httpx.get(link + token, timeout=10, follow_redirects=True).status_code == 200
    processes = family(own_product)
    assert own_product.stop(signal.SIGINT) == 0
    assert not [process for process in processes if alive(process)]
    assert not list((own_product.data / "run").glob("*.pid"))
    assert own_product.output.endswith("Stopped.\n")


def test_killing_the_launcher_leaves_nothing_and_the_next_start_goes_on(
    own_product: Product,
) -> None:
    own_product.start()
    processes = family(own_product)
    os.kill(own_product.pid("launcher"), signal.SIGKILL)
    own_product.stop()
    deadline = time.monotonic() + 30
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [process for process in processes if alive(process)]
    own_product.start()
    own_product.login()


def test_servers_that_were_given_are_used_and_none_is_started(
    own_product: Product, database_url: str, redis_url: str
) -> None:
    own_product.start(KEIKO_DATABASE_URL=database_url, KEIKO_REDIS_URL=redis_url)
    own_product.login()
    assert not {"postgres", "valkey-server"} & {process.name() for process in family(own_product)}
    assert not (own_product.data / "postgres").exists()


def test_a_terminal_that_is_closed_ends_everything_without_a_word(own_product: Product) -> None:
    own_product.start()
    assert own_product.stop(signal.SIGHUP) == 0


def test_a_process_that_cannot_run_is_given_up_with_the_end_of_its_log(
    own_product: Product,
) -> None:
    done = own_product.run("up", "--port", "0", KEIKO_REDIS_URL="nonsense://")
    assert done.returncode == 1
    assert "ends again and again. The end of" in done.stderr
    assert "Redis URL must specify one of the following schemes" in done.stderr


def test_a_database_that_is_not_there_is_a_sentence(own_product: Product) -> None:
    url = "postgresql://keiko@127.0.0.1:1/keiko"
    done = own_product.run("up", "--port", "0", KEIKO_DATABASE_URL=url)
    assert done.returncode == 1
    assert "Is KEIKO_DATABASE_URL right and reachable?" in done.stderr
    assert "Traceback" not in done.stderr
