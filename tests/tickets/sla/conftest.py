"""Policies, calendars, and a Monday on which things happen."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tickets.models import Calendar, Policy
from tickets.sla import policies
from tickets.sla.policies import Promise

# 9:00 in Warsaw.
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

MakePolicy = Callable[..., Policy]


def promise(**changes: Any) -> Promise:
    """Four hours to answer, eight to answer again, 24 to solve; in standard hours."""
    said: dict[str, Any] = {
        "calendar": Calendar.objects.get(is_default=True),
        "first_response_minutes": 240,
        "next_response_minutes": 480,
        "resolution_minutes": 1_440,
        "conditions": {},
        "round_the_clock": False,
        "pauses": ["pending", "on_hold"],
        "restarts": False,
        "steps": (),
    }
    return Promise(**{**said, **changes})


@pytest.fixture
def make_policy(db: None) -> MakePolicy:
    def make(name: str = "Szybko", **changes: Any) -> Policy:
        return policies.create(name, promise(**changes))

    return make


@pytest.fixture
def change_standard(db: None) -> Callable[..., None]:
    def change(**changes: Any) -> None:
        policy = Policy.objects.get(is_default=True)
        policies.change(policy, policy.name, promise(**changes))

    return change
