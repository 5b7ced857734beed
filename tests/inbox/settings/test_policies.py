"""Promises as an admin sets them up."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from tests.factories import make_channel, make_team
from tickets.models import Calendar, Policy


def form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Czat",
        "first_response_minutes": "1 h 30 min",
        "next_response_minutes": "45 min",
        "resolution_minutes": "",
        "calendar": Calendar.objects.get(is_default=True).pk,
        "pauses": ["on_hold"],
        "channel_kinds": ["chat"],
        "priorities": ["high", "urgent"],
        "vip": "on",
        "steps_share": ["75", "100"],
        "steps_metric": ["", "first_response"],
        "steps_deed": ["notify", "priority:urgent"],
        **changes,
    }


@pytest.fixture
def policy(signed_in: Client) -> Policy:
    assert signed_in.post(reverse("settings:policy-new"), form()).status_code == 302
    return Policy.objects.get(name="Czat")


def test_policy_keeps_what_the_form_says(policy: Policy) -> None:
    version = policy.versions.get()

    assert (version.first_response_minutes, version.next_response_minutes) == (90, 45)
    assert version.resolution_minutes is None
    assert version.pauses == ["on_hold"]
    assert version.conditions == {
        "channel_kinds": ["chat"],
        "priorities": ["high", "urgent"],
        "vip": True,
    }
    assert [step["share"] for step in version.steps] == [75, 100]
    assert AuditEntry.objects.filter(action="policy.created").exists()


def test_form_shows_what_was_saved_and_saves_it_as_it_is(signed_in: Client, policy: Policy) -> None:
    address = reverse("settings:policy-edit", args=[policy.public_id])
    shown = signed_in.get(address).content.decode()
    assert 'value="1 h 30 min"' in shown
    assert 'value="priority:urgent" selected' in shown

    signed_in.post(address, form())
    assert policy.versions.count() == 1
    signed_in.post(address, form(vip="", steps_share=["", ""]))
    assert policy.versions.count() == 2
    assert policy.versions.latest("pk").steps == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_response_minutes": "soon"},
        {"first_response_minutes": "0 h"},
        {"steps_share": ["0", "100"]},
        {"steps_share": ["75", "9999"]},
        {"steps_deed": ["explode", "notify"]},
        {"steps_metric": ["joy", ""]},
        {"steps_share": ["100", "100"], "steps_deed": ["notify", "notify"]},
        {"pauses": ["solved"]},
        {"channels": ["12345"]},
        {"calendar": ""},
    ],
)
def test_promises_that_make_no_sense_are_refused(signed_in: Client, wrong: dict[str, Any]) -> None:
    response = signed_in.post(reverse("settings:policy-new"), form(**wrong))

    assert response.status_code == 422
    assert Policy.objects.count() == 1


def test_steps_are_added_and_removed_without_saving(signed_in: Client) -> None:
    make_team("Reklamacje")

    def redrawn(**button: str) -> str:
        response = signed_in.post(
            reverse("settings:policy-new"), form(**button), HTTP_HX_REQUEST="true"
        )
        assert response.status_code == 200
        return response.content.decode()

    assert redrawn(add="steps").count('name="steps_share"') == 3
    assert redrawn(drop="steps:0").count('name="steps_share"') == 1
    assert "Reklamacje" in redrawn(add="steps")
    assert Policy.objects.count() == 1


def test_standard_promises_have_no_conditions_and_stay_last(
    signed_in: Client, policy: Policy
) -> None:
    standard = Policy.objects.get(is_default=True)
    shown = signed_in.get(reverse("settings:policy-edit", args=[standard.public_id]))
    assert b"channel_kinds" not in shown.content

    for what in ("off", "up"):
        signed_in.post(reverse("settings:policy-change", args=[standard.public_id]), {"do": what})
    standard.refresh_from_db()
    assert standard.active
    assert list(Policy.objects.all()) == [policy, standard]


def test_order_and_switch(signed_in: Client, policy: Policy) -> None:
    make_channel("chat", name="Czat na stronie")
    signed_in.post(reverse("settings:policy-new"), form(name="Drugi"))
    second = Policy.objects.get(name="Drugi")
    change = reverse("settings:policy-change", args=[second.public_id])

    signed_in.post(change, {"do": "up"})
    signed_in.post(change, {"do": "off"})

    assert list(Policy.objects.filter(is_default=False)) == [second, policy]
    second.refresh_from_db()
    assert not second.active
    shown = signed_in.get(reverse("settings:sla")).content.decode()
    assert "1 h 30 min" in shown
    assert "VIP" in shown
