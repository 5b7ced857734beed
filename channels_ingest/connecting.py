"""Setting up channels: what an admin does in the settings or by the API."""

from copy import copy
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import ApiKey, Team, User
from channels_ingest import adapter
from channels_ingest.adapter import Check
from channels_ingest.models import Connection
from crm.models import Shop
from tickets import kinds
from tickets.models import Calendar, Channel

Admin = User | ApiKey | None


def draft(kind: str, settings: dict[str, Any], secrets: dict[str, str]) -> Connection:
    """A connection that is not saved, to be checked before it is kept."""
    connection = Connection(channel=Channel(kind=kind), settings=settings)
    connection.set_secrets(secrets)
    return connection


def changed_draft(
    channel: Channel, settings: dict[str, Any], secrets: dict[str, str]
) -> Connection:
    """The channel's connection as it would be: secrets that are not given anew stay."""
    stored = channel.connection
    # A copy, because the channel would take the draft for its connection.
    connection = Connection(channel=copy(channel), settings={**stored.settings, **settings})
    connection.sealed = stored.sealed
    connection.set_secrets(secrets)
    return connection


def check(connection: Connection) -> Check:
    """Try the connection now, over the network. Call it outside of transactions."""
    return connection.adapter.check(connection)


@transaction.atomic
def create(
    kind: str,
    *,
    name: str,
    shop: Shop,
    team: Team | None = None,
    calendar: Calendar | None = None,
    follow_up_days: int | None = None,
    settings: dict[str, Any],
    secrets: dict[str, str],
    by: Admin,
) -> Channel:
    """A new channel with its connection. Raises `KeyError` for a kind that is not installed."""
    days = kinds.get(kind).follow_up_days if follow_up_days is None else follow_up_days
    channel = Channel.objects.create(
        kind=kind, name=name, shop=shop, team=team, calendar=calendar, follow_up_days=days
    )
    connection = Connection(channel=channel, settings=settings)
    connection.account = _account(connection)
    connection.set_secrets(secrets)
    connection.save()
    after = {"kind": kind, "settings": settings, "secrets": sorted(secrets)}
    audit.record("channel.created", by=by, on=channel, after=after)
    return channel


@transaction.atomic
def change(
    channel: Channel,
    *,
    settings: dict[str, Any],
    secrets: dict[str, str],
    by: Admin,
    **fields: Any,
) -> None:
    """Change the named settings, secrets and fields of a channel, and let it try again.

    `fields` are those of `Channel`: name, shop, team, calendar, follow_up_days.
    """
    connection = Connection.objects.select_for_update().get(channel=channel)
    before = {**_shown(channel, fields), "settings": connection.settings}
    for name, value in fields.items():
        setattr(channel, name, value)
    channel.save(update_fields=list(fields))
    connection.settings = {**connection.settings, **settings}
    connection.account = _account(connection)
    connection.set_secrets(secrets)
    if connection.state != Connection.State.DISABLED:
        connection.state, connection.error, connection.failures = "active", "", 0
        connection.paused_until = None
    connection.save(
        update_fields=[
            "settings",
            "account",
            "sealed",
            "state",
            "error",
            "failures",
            "paused_until",
        ]
    )
    after = {**_shown(channel, fields), "settings": connection.settings}
    if secrets:
        after["secrets"] = sorted(name for name, value in secrets.items() if value)
    audit.record("channel.changed", by=by, on=channel, before=before, after=after)
    channel.connection = connection


@transaction.atomic
def switch(channel: Channel, *, active: bool, by: Admin) -> None:
    """Switch a channel on or off. Off, nothing is fetched and nothing goes out; nothing is lost."""
    if channel.active == active:
        return
    channel.active = active
    channel.save(update_fields=["active"])
    state = Connection.State.ACTIVE if active else Connection.State.DISABLED
    Connection.objects.filter(channel=channel).update(state=state, error="")
    action = "channel.switched_on" if active else "channel.switched_off"
    audit.record(action, by=by, on=channel)


def _account(connection: Connection) -> str:
    name = adapter.get(connection.channel.kind).account
    return str(connection.settings.get(name, "")) if name else ""


def _shown(channel: Channel, names: Any) -> dict[str, Any]:
    values = {name: getattr(channel, name) for name in names}
    plain = (str, int, bool, type(None))
    return {n: value if isinstance(value, plain) else str(value) for n, value in values.items()}
