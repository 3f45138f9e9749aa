"""Tests of `app/turns`."""
