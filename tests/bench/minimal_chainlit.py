"""The yardstick: the smallest Chainlit app that streams from a model through LangChain.

No login, no database, no queue. Address and key of the model are LangChain's own
OPENAI_BASE_URL and OPENAI_API_KEY.
"""

from functools import cache

import chainlit as cl
from langchain_openai import ChatOpenAI


@cache
def _model() -> ChatOpenAI:
    return ChatOpenAI(model="bench-model")


@cl.on_message
async def answer(message: cl.Message) -> None:
    """Stream the model's answer token by token, as Chainlit's own guide does."""
    reply = cl.Message(content="")
    async for chunk in _model().astream(message.content):
        await reply.stream_token(str(chunk.content))
    await reply.send()
