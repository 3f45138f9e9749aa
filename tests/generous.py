"""Limits that no test meets by accident: all of them come from one address within minutes."""

from app.core.rates import RateLimits

GENEROUS = RateLimits(**dict.fromkeys(RateLimits.model_fields, 1_000_000))
