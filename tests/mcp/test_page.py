"""Functions of a page as tools: whatever they are called, each name stands for one tool."""

import pytest

from app.mcp.page import LONGEST_NAME, Function, page_tools

LONG = "a" * LONGEST_NAME
NO_PARAMETERS = {"type": "object"}


def function(name: str) -> Function:
    return Function(
        name=name, description="Does something.", parameters=NO_PARAMETERS, read_only=True
    )


@pytest.mark.parametrize(
    ("names", "taken", "expected"),
    [
        (["add"], [], ["add"]),
        (["add"], ["add"], ["page_add"]),
        (["page_add", "add"], ["add"], ["page_add"]),
        (["add", "page_add"], ["add"], ["page_add", "page_page_add"]),
        (["add"], ["add", "page_add"], []),
        ([LONG], [LONG], [f"page_{LONG}"[:LONGEST_NAME]]),
    ],
)
def test_no_two_tools_share_a_name_and_the_page_never_takes_anothers(
    names: list[str], taken: list[str], expected: list[str]
) -> None:
    tools = page_tools([function(name) for name in names], taken)
    assert [tool.name for tool in tools] == expected
    assert {tool.remote_name for tool in tools} <= set(names)
