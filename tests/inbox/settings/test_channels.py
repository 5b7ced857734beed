import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from channels_ingest.models import Connection
from tests.factories import make_channel, make_shop
from tickets.models import Channel

SECRET = "a-secret-of-the-shop-itself"


def _form(**fields: Any) -> dict[str, Any]:
    """What an admin types for a chat."""
    return {
        "origins": "https://sklep.example.pl",
        "title": "Świeca",
        "field_name": "required",
        "identity_secret": SECRET,
        "channel-name": "Chat",
        "channel-shop": make_shop().pk,
        "channel-follow_up_days": "7",
        **fields,
    }


def test_chat_is_connected_and_gives_its_code(signed_in: Client) -> None:
    response = signed_in.post(reverse("settings:channel-new", args=["chat"]), _form(), follow=True)

    channel = Channel.objects.get()
    shown = response.content.decode()
    assert f"http://localhost:8000/widget/{channel.public_id}.js" in shown
    assert "The widget is ready" in shown
    assert channel.connection.settings["origins"] == ["https://sklep.example.pl"]
    preview = reverse("settings:chat-preview", args=[channel.public_id])
    assert signed_in.get(preview).status_code == 200


def test_what_the_check_finds_wrong_is_said_and_nothing_is_kept(signed_in: Client) -> None:
    url = reverse("settings:channel-new", args=["chat"])

    refused = signed_in.post(url, _form(origins=""), headers={"HX-Request": "true"})

    assert refused.status_code == 422
    assert "Add the address of the shop" in refused.content.decode()
    assert "<form" not in refused.content.decode(), "what was typed stays on the page"
    assert not Channel.objects.exists()

    signed_in.post(url, _form(origins="", anyway="yes"))
    assert Channel.objects.count() == 1


def test_wrong_field_brings_the_form_back(signed_in: Client) -> None:
    url = reverse("settings:channel-new", args=["chat"])

    response = signed_in.post(url, _form(colour="red"), headers={"HX-Request": "true"})

    assert (response.status_code, response["HX-Retarget"]) == (422, "#channel-form")
    assert "#2f5fd0" in response.content.decode()


def test_secrets_go_in_and_never_come_out(signed_in: Client) -> None:
    signed_in.post(reverse("settings:channel-new", args=["chat"]), _form())
    connection = Connection.objects.get()
    public_id = connection.channel.public_id

    assert connection.secrets == {"identity_secret": SECRET}
    for name in ("channel", "channel-edit"):
        shown = signed_in.get(reverse(f"settings:{name}", args=[public_id]))
        assert SECRET not in shown.content.decode()
    assert SECRET not in str(list(AuditEntry.objects.values()))
    assert SECRET not in str(Connection.objects.values().get())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"identity_secret": ""}, SECRET),
        ({"identity_secret": "another-secret-of-the-shop"}, "another-secret-of-the-shop"),
        ({"identity_secret": "", "remove_identity_secret": "on"}, None),
    ],
)
def test_empty_secret_stays_unless_it_is_removed(
    signed_in: Client, typed: dict[str, str], kept: str | None
) -> None:
    signed_in.post(reverse("settings:channel-new", args=["chat"]), _form())
    channel = Channel.objects.get()

    url = reverse("settings:channel-edit", args=[channel.public_id])
    signed_in.post(url, _form(**{**typed, "channel-name": "New name"}))

    assert Connection.objects.get().secrets.get("identity_secret") == kept
    entry = AuditEntry.objects.get(action="channel.changed")
    assert (entry.before["name"], entry.after["name"]) == ("Chat", "New name")


def test_channel_is_switched_off_and_on(signed_in: Client) -> None:
    channel = make_channel("chat")
    url = reverse("settings:channel-switch", args=[channel.public_id])

    for active, state in (("no", "disabled"), ("yes", "active")):
        signed_in.post(url, {"active": active})
        channel.refresh_from_db()
        assert (channel.active, channel.connection.state) == (active == "yes", state)
        channel = Channel.objects.get()


def test_stored_connection_is_checked_again(signed_in: Client) -> None:
    channel = make_channel("chat", settings={"origins": ["https://sklep.example.pl"]})

    response = signed_in.post(reverse("settings:channel-check", args=[channel.public_id]))

    assert "The widget is ready" in response.content.decode()


def test_messenger_shows_the_address_for_meta(signed_in: Client) -> None:
    channel = make_channel("messenger", settings={"page_id": "100200300"})

    shown = signed_in.get(reverse("settings:channel", args=[channel.public_id])).content.decode()

    assert f"http://localhost:8000/hooks/messenger/{channel.public_id}/" in shown


def test_unknown_kind_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(reverse("settings:channel-new", args=["pigeon"])).status_code == 404


def test_every_installed_kind_can_be_chosen(signed_in: Client) -> None:
    make_shop()
    shown = signed_in.get(reverse("settings:channel-choose")).content.decode()

    for address in re.findall(r'href="(/settings/channels/new/[a-z]+/)"', shown):
        assert signed_in.get(address).status_code == 200
