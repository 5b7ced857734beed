"""Connects the demo's channels with what stands in for the outside world."""

import secrets

from django.conf import settings

from channels_ingest.models import Connection
from demo.sample.storing import World
from tickets.models import Channel


def connect(place: World) -> None:
    """Give every channel of the demo's shops settings with which it works."""
    for channels in place.channels.values():
        for channel in channels:
            if channel.kind in _SETTINGS:
                _SETTINGS[channel.kind](channel.connection)


def demo_channels(kind: str) -> list[Channel]:
    """The demo's channels of one kind, by shop."""
    rows = Channel.objects.filter(kind=kind, is_demo=True).select_related("connection", "shop")
    return list(rows.order_by("pk"))


def point_mail_to(port: int) -> None:
    """The customers' mail server answers at this port now."""
    for channel in demo_channels("email"):
        _change(channel.connection, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")


def point_graph_to(port: int) -> None:
    """What stands in for Meta answers at this port now."""
    for channel in demo_channels("messenger"):
        _change(channel.connection, api_base=f"http://127.0.0.1:{port}")


def _change(connection: Connection, **settings_: object) -> None:
    connection.settings = {**connection.settings, **settings_}
    connection.save(update_fields=["settings"])


def _mail(connection: Connection) -> None:
    _change(connection, from_name=connection.channel.shop.name, smtp_security="none")


def _chat(connection: Connection) -> None:
    _change(
        connection,
        origins=[settings.BASE_URL],
        greeting="Dzień dobry! W czym możemy pomóc?",
        # A newcomer may come on a Sunday, and wants to see a conversation.
        hours=[[["00:00", "24:00"]]] * 7,
    )


def _messenger(connection: Connection) -> None:
    """Secrets are made once: the stand-in signs with what the channel knows."""
    if not connection.secrets:
        names = connection.adapter.secrets
        connection.set_secrets({name: secrets.token_urlsafe(24) for name in names})
    page_id = str(100_000_000_000_000 + connection.channel_id)
    connection.account = page_id
    connection.save(update_fields=["sealed", "account"])
    _change(connection, page_id=page_id, app_id="100000000000001", human_agent=True)


_SETTINGS = {"email": _mail, "chat": _chat, "messenger": _messenger}
