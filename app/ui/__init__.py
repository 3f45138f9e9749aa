"""The chat face: Chainlit as a view of durable tasks."""

from app.ui import traceloop

traceloop.install()
