"""Tests of `app/orchestrator`."""
