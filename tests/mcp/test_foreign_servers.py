"""Servers that nobody here wrote, from the package registries: every kind of thing that they do."""

import json
import subprocess
from pathlib import Path

import pytest

from app.mcp.models import Transport
from app.mcp.probe import probe
from app.mcp.spec import ServerSpec
from tests.fakes.foreign import node_server, opened, python_server
from tests.fakes.http_tools import inside


def served(name: str, folder: Path) -> ServerSpec:
    match name:
        case "sqlite":
            return python_server("mcp_server_sqlite", "--db-path", str(folder / "db"))
        case "time" | "git":
            return python_server(f"mcp_server_{name}")
        case "filesystem":
            return node_server(name, str(folder))
        case _:
            return node_server(name)


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("time", {"get_current_time", "convert_time"}),
        ("git", {"git_status", "git_log", "git_commit"}),
        ("sqlite", {"read_query", "write_query", "list_tables"}),
        ("filesystem", {"read_text_file", "write_file", "edit_file", "directory_tree"}),
        ("memory", {"create_entities", "read_graph", "search_nodes"}),
        ("sequential-thinking", {"sequentialthinking"}),
    ],
)
async def test_it_is_found_with_its_tools(name: str, tools: set[str], tmp_path: Path) -> None:
    found = await probe(served(name, tmp_path), inside())

    assert found.transport is Transport.STDIO
    assert found.server_name
    assert tools <= {tool.name for tool in found.tools}


async def test_the_time_of_elsewhere_is_asked_for(tmp_path: Path) -> None:
    async with opened(served("time", tmp_path)) as clock:
        arguments = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        told = await clock.text("convert_time", arguments)
        wrong = await clock.call("get_current_time", {"timezone": "Moon/Sea"})

    assert "T21:00" in json.loads(told)["target"]["datetime"]
    assert wrong.failed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git = ["git", "-C", str(tmp_path)]
    commit = ["commit", "-q", "--allow-empty", "-m", "first"]
    who = [["config", "user.name", "Ada"], ["config", "user.email", "ada@example.org"]]
    for arguments in (["init", "-q"], *who, commit):
        subprocess.run([*git, *arguments], check=True)
    return tmp_path


async def test_a_file_is_committed(repository: Path) -> None:
    (repository / "a.txt").write_text("a", encoding="utf-8")
    place = {"repo_path": str(repository)}
    async with opened(python_server("mcp_server_git", "--repository", str(repository))) as git:
        await git.text("git_add", {**place, "files": ["a.txt"]})
        await git.text("git_commit", {**place, "message": "second"})
        log = await git.text("git_log", place)

    assert "second" in log


async def test_rows_are_written_and_read(tmp_path: Path) -> None:
    async with opened(served("sqlite", tmp_path)) as database:
        await database.text("create_table", {"query": "create table cats (name text)"})
        await database.text("write_query", {"query": "insert into cats values ('Tom')"})
        read = await database.text("read_query", {"query": "select * from cats"})

    assert "Tom" in read


async def test_files_are_written_changed_found_and_read_in_their_folder_only(
    tmp_path: Path,
) -> None:
    inside_it, outside = tmp_path / "inside", tmp_path / "outside.txt"
    inside_it.mkdir()
    outside.write_text("secret", encoding="utf-8")
    note = str(inside_it / "note.txt")
    change = {"path": note, "edits": [{"oldText": "milk", "newText": "tea"}]}
    async with opened(served("filesystem", inside_it)) as files:
        await files.text("write_file", {"path": note, "content": "buy milk"})
        await files.text("edit_file", change)
        found = await files.text("search_files", {"path": str(inside_it), "pattern": "*.txt"})
        tree = await files.text("directory_tree", {"path": str(inside_it)})
        read = await files.text("read_text_file", {"path": note})
        refused = await files.call("read_text_file", {"path": str(outside)})

    assert note in found
    assert json.loads(tree)[0]["name"] == "note.txt"
    assert read == "buy tea"
    assert refused.failed
    assert "outside allowed directories" in refused.text


async def test_what_is_remembered_is_found_and_forgotten(tmp_path: Path) -> None:
    file = str(tmp_path / "memory.jsonl")
    ada = {"name": "Ada", "entityType": "person", "observations": ["likes tea"]}
    async with opened(node_server("memory", MEMORY_FILE_PATH=file)) as memory:
        await memory.text("create_entities", {"entities": [ada]})
        more = {"entityName": "Ada", "contents": ["writes programs"]}
        await memory.text("add_observations", {"observations": [more]})
        found = await memory.text("search_nodes", {"query": "tea"})
        await memory.text("delete_entities", {"entityNames": ["Ada"]})
        left = await memory.text("read_graph")

    assert json.loads(found)["entities"][0]["observations"] == ["likes tea", "writes programs"]
    assert json.loads(left)["entities"] == []


async def test_thoughts_follow_one_another(tmp_path: Path) -> None:
    async with opened(served("sequential-thinking", tmp_path)) as thinking:
        first = {
            "thought": "Where to begin?",
            "nextThoughtNeeded": True,
            "thoughtNumber": 1,
            "totalThoughts": 2,
        }
        await thinking.text("sequentialthinking", first)
        second = {**first, "thought": "There.", "thoughtNumber": 2, "nextThoughtNeeded": False}
        told = json.loads(await thinking.text("sequentialthinking", second))

    assert told["thoughtHistoryLength"] == 2
    assert told["nextThoughtNeeded"] is False
