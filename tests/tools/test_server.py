import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import CallToolResult, TextContent

from app.core.settings import child_environment, python
from tools import runtime
from tools.server import build_server


def _text(result: CallToolResult) -> str:
    [block] = result.content
    assert isinstance(block, TextContent)
    return block.text


async def _offers_both_tools(session: ClientSession) -> None:
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert set(tools) == {"clock", "calculator"}
    for tool in tools.values():
        assert tool.annotations is not None
        assert tool.annotations.readOnlyHint is True
        assert tool.outputSchema is None
        assert "timezone" in tool.inputSchema["properties"] or tool.name == "calculator"

    sum = await session.call_tool("calculator", {"expression": "12*7+3"})
    assert (_text(sum), sum.isError) == ("12*7+3 = 87", False)
    time = await session.call_tool("clock", {"timezone": "Europe/Berlin"})
    assert "Europe/Berlin (UTC+0" in _text(time)
    refused = await session.call_tool("clock", {"timezone": "Berln"})
    assert refused.isError
    assert _text(refused).startswith("There is no time zone “Berln”. Did you mean Europe/Berlin")


async def test_the_built_in_server_speaks_mcp_in_memory() -> None:
    async with create_connected_server_and_client_session(build_server()) as session:
        await _offers_both_tools(session)


async def test_the_built_in_server_speaks_mcp_over_stdio() -> None:
    parameters = StdioServerParameters(
        command=python(), args=["-m", "tools"], env=child_environment()
    )
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        await _offers_both_tools(session)


async def test_missing_arguments_are_an_error_that_names_them() -> None:
    async with create_connected_server_and_client_session(build_server()) as session:
        result = await session.call_tool("calculator", {})

    assert result.isError
    assert "expression\n  Field required" in _text(result)


@pytest.mark.asvs("16.5.1")
def test_a_bug_in_a_tool_is_a_reference_and_not_a_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> str:
        raise KeyError("inner secret")

    result = runtime.answer(broken)

    assert result.isError
    assert "reference" in _text(result)
    assert "secret" not in _text(result)
    reference = _text(result).rpartition("reference ")[2].rstrip(").")
    captured = capsys.readouterr()
    assert reference in captured.out + captured.err
