"""What was done to a ticket, from its history, in words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from history.models import Event
from tickets.models import ClaimDecision, Reason, Tag, Target, Ticket

# No page of a thread needs more; a robot that changes a ticket all night must not slow it down.
_MOST = 200


@dataclass(frozen=True)
class Change:
    """One thing that somebody did; `actor` is empty where the helpdesk did it itself."""

    event_id: int
    at: datetime
    actor: str
    text: str


class Names:
    """Names of people, teams, reasons and tags by their ids, found in one query."""

    def __init__(self, events: Iterable[Event]) -> None:
        wanted: dict[str, set[int]] = {"user": set(), "team": set(), "reason": set(), "tag": set()}
        for event in events:
            if event.actor_kind == "agent" and event.actor_id:
                wanted["user"].add(event.actor_id)
            if room := _NAMED.get(event.kind):
                wanted[room].update(_ids(event.data))
        self._names = {(room, pk): name for room, pk, name in _find(wanted)}

    def get(self, room: str, pk: int | None) -> str:
        return self._names.get((room, pk or 0), "")


_NAMED = {
    "ticket.assigned": "user",
    "ticket.team_changed": "team",
    "ticket.reason_changed": "reason",
    "ticket.tags_changed": "tag",
    "ticket.alerted": "user",
}


def of(ticket: Ticket, *, since: datetime | None, until: datetime | None) -> list[Change]:
    """The ticket's changes over [since, until), oldest first, in two queries."""
    events = Event.objects.filter(ticket_id=ticket.pk, kind__in=_WORDS)
    if since:
        events = events.filter(at__gte=since)
    if until:
        events = events.filter(at__lt=until)
    found = list(events.order_by("-pk")[:_MOST])[::-1]
    names = Names(found)
    return [
        Change(event.pk, event.at, _actor(event, names), text)
        for event in found
        if (text := _WORDS[event.kind](event.data, names))
    ]


def _actor(event: Event, names: Names) -> str:
    match event.actor_kind:
        case "agent":
            return names.get("user", event.actor_id)
        case "customer":
            return _("Customer")
        case "key":
            return "API"
        case _:
            return ""


def _ids(data: dict[str, Any]) -> set[int]:
    values = [data.get("old"), data.get("new"), *data.get("added", ()), *data.get("removed", ())]
    values += data.get("users", ())
    return {value for value in values if isinstance(value, int)}


def _find(wanted: dict[str, set[int]]) -> Iterable[tuple[str, int, str]]:
    shown_name = {"user": Coalesce(NullIf("name", Value("")), F("email"), output_field=CharField())}
    models = {"user": User, "team": Team, "reason": Reason, "tag": Tag}
    queries = [
        models[room]
        ._default_manager.order_by()
        .filter(pk__in=ids)
        .annotate(
            room=Value(room, CharField()),
            shown=shown_name.get(room, F("name")),
        )
        .values_list("room", "pk", "shown")
        for room, ids in wanted.items()
    ]
    found: Iterable[tuple[str, int, str]] = queries[0].union(*queries[1:], all=True)
    return found


def _status(data: dict[str, Any], names: Names) -> str:
    return _("status: %(name)s") % {"name": Ticket.Status(data["new"]).label}


def _priority(data: dict[str, Any], names: Names) -> str:
    return _("priority: %(name)s") % {"name": Ticket.Priority(data["new"]).label}


def _assigned(data: dict[str, Any], names: Names) -> str:
    if data["new"] is None:
        return _("nobody has the ticket now")
    return _("assigned to: %(name)s") % {"name": names.get("user", data["new"])}


def _team(data: dict[str, Any], names: Names) -> str:
    return _("team: %(name)s") % {"name": names.get("team", data["new"])}


def _reason(data: dict[str, Any], names: Names) -> str:
    if data["new"] is None:
        return _("contact reason removed")
    return _("contact reason: %(name)s") % {"name": names.get("reason", data["new"])}


def _tags(data: dict[str, Any], names: Names) -> str:
    added = [f"+{names.get('tag', pk)}" for pk in data["added"]]
    removed = [f"−{names.get('tag', pk)}" for pk in data["removed"]]
    return _("tags: %(names)s") % {"names": " ".join(added + removed)}


def _snoozed(data: dict[str, Any], names: Names) -> str:
    if data["until"] is None:
        return _("taken up again")
    until = timezone.localtime(datetime.fromisoformat(data["until"]))
    return _("snoozed until %(when)s") % {
        "when": formats.date_format(until, "SHORT_DATETIME_FORMAT")
    }


def _spam(data: dict[str, Any], names: Names) -> str:
    return _("marked as spam") if data["new"] else _("no spam after all")


def _review(data: dict[str, Any], names: Names) -> str:
    return "" if data["new"] else _("checked the stranger's message")


def _claim(data: dict[str, Any], names: Names) -> str:
    if "state" not in data:
        return _("looked at again what the visitor typed")
    if data["state"] == ClaimDecision.State.CONFIRMED:
        return _("confirmed what the visitor typed: %(name)s") % {"name": _claim_name(data)}
    return _("dismissed what the visitor typed: %(name)s") % {"name": _claim_name(data)}


def _claim_name(data: dict[str, Any]) -> str:
    return str(ClaimDecision.Name(data["claim"]).label)


def _breached(data: dict[str, Any], names: Names) -> str:
    return _("promise broken: %(name)s") % {"name": Target.Metric(data["metric"]).label}


def _warned(data: dict[str, Any], names: Names) -> str:
    metric = Target.Metric(data["metric"]).label
    return _("promise near its end: %(name)s") % {"name": metric}


def _alerted(data: dict[str, Any], names: Names) -> str:
    told = ", ".join(names.get("user", pk) for pk in data["users"])
    return _("told to look at it: %(names)s") % {"names": told}


_WORDS: dict[str, Callable[[dict[str, Any], Names], str]] = {
    "ticket.status_changed": _status,
    "ticket.priority_changed": _priority,
    "ticket.assigned": _assigned,
    "ticket.team_changed": _team,
    "ticket.reason_changed": _reason,
    "ticket.tags_changed": _tags,
    "ticket.snoozed": _snoozed,
    "ticket.spam_changed": _spam,
    "ticket.review_changed": _review,
    "ticket.subject_changed": lambda _data, _names: _("subject changed"),
    "ticket.customer_changed": lambda _data, _names: _("belongs to another customer now"),
    "ticket.order_linked": lambda _data, _names: _("linked to an order"),
    "ticket.order_unlinked": lambda _data, _names: _("no longer linked to an order"),
    "ticket.claim_decided": _claim,
    "ticket.claim_reopened": _claim,
    "ticket.merged": lambda _data, _names: _("merged"),
    "ticket.absorbed": lambda _data, _names: _("took over messages of another ticket"),
    "ticket.merge_undone": lambda _data, _names: _("merge undone"),
    "ticket.split": lambda _data, _names: _("a message became a ticket of its own"),
    "message.cancelled": lambda _data, _names: _("reply taken back"),
    "sla.breached": _breached,
    "sla.warned": _warned,
    "ticket.alerted": _alerted,
}
