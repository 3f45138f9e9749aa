"""`keiko questions`: what waits for its owner's word, from a terminal."""

import json
from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources
    from app.tasks.models import Question
    from app.turns.questions import Approval


@click.group()
def questions() -> None:
    """List and answer what waits for you: about tools, and what their servers ask you."""


@questions.command("list")
@user_option
def list_them(*, user: str | None) -> None:
    """Show open questions, oldest first."""
    from app.tasks.questions import list_open_questions

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            found = await list_open_questions(session, owner.id)
        for question in found:
            click.echo(_line(question))
        if not found:
            click.echo("There are none.")

    with_resources(work)


@questions.command()
@click.argument("question_id", type=click.UUID)
@click.option("--scope", type=click.Choice(["once", "chat", "always"]), default="once",
              show_default=True, help="For how long it holds.")  # fmt: skip
@click.option("--arguments", help="Other arguments than the model's, as a JSON object.")
@user_option
def approve(*, question_id: UUID, scope: str, arguments: str | None, user: str | None) -> None:
    """Let a tool be used, or a server use the model; the task goes on."""
    from app.turns.questions import Approval, Scope

    changed = _object(arguments, "--arguments") if arguments is not None else None
    _answer(question_id, Approval(is_approved=True, scope=Scope(scope), arguments=changed), user)
    click.echo("Allowed; the task goes on.")


@questions.command()
@click.argument("question_id", type=click.UUID)
@click.option("--reason", default="", help="Why not; the model reads it.")
@user_option
def refuse(*, question_id: UUID, reason: str, user: str | None) -> None:
    """Do not allow what is asked, or do not sign in; the task goes on without it."""
    from app.turns.questions import Approval

    _answer(question_id, Approval(is_approved=False, reason=reason), user)
    click.echo("Refused; the task goes on without it.")


@questions.command()
@click.argument("question_id", type=click.UUID)
@click.argument("action", type=click.Choice(["accept", "decline", "cancel"]))
@click.option("--values", help="What a form asks for, as a JSON object.")
@user_option
def reply(*, question_id: UUID, action: str, values: str | None, user: str | None) -> None:
    """Answer what a server asks you; its task goes on."""
    from app.turns import questions as service

    content = _object(values, "--values") if values is not None else None

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        await service.reply(resources, owner.id, question_id, service.Action(action), content)

    with_resources(work)
    click.echo("Answered; the task goes on.")


@questions.command()
@click.argument("question_id", type=click.UUID)
@click.argument("outcome", type=click.Choice(["happened", "repeat", "skip"]))
@user_option
def settle(*, question_id: UUID, outcome: str, user: str | None) -> None:
    """Say what became of a call whose end nobody saw; its task goes on."""
    from app.turns.questions import settle as settle_it

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        await settle_it(resources, owner.id, question_id, outcome)

    with_resources(work)
    click.echo("Settled; the task goes on.")


def _answer(question_id: UUID, approval: "Approval", user: str | None) -> None:
    from app.turns import questions as service

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        await service.approve(resources, owner.id, question_id, approval)

    with_resources(work)


def _line(question: "Question") -> str:
    content = question.content
    messages = content.get("messages") or [{}]
    asked = (
        content.get("message")
        or messages[-1].get("text")
        or json.dumps(content.get("arguments", {}), ensure_ascii=False)
    )
    tool = "/".join(filter(None, (content.get("server"), content.get("tool"))))
    hosts = ", ".join(content.get("doubt", {}).get("hosts", ()))
    new = f"  (to a new place: {hosts})" if hosts else ""
    return f"{question.id}  {question.kind:16} {tool}  {asked}{new}"


def _object(text: str, option: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise click.BadParameter("This is no JSON object.", param_hint=option)
    return value
