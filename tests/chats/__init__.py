"""Tests of `app/chats`."""
