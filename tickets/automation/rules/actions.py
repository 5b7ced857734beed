"""What a rule may do. Higher rooms add their own in `AppConfig.ready`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team, User
from history.recording import Actor
from tickets import alerting, changing, kinds, replying
from tickets.automation.rules.facts import Situation
from tickets.errors import BrokenRule
from tickets.models import Message, Reason, Tag, Ticket

Choices = Iterable[tuple[str, str | Promise]]


class NotAnswered(BrokenRule):
    code = "not_answered"
    text = gettext_lazy("An automatic answer could start a loop or annoy, so it is not sent.")


@dataclass(frozen=True)
class Deed:
    """One action: `run` gets the locked ticket's situation, the value, and the rule as actor.

    `choices` are the values; without them the value is a text. `wants_value`: there is one.
    """

    name: str
    label: str | Promise
    run: Callable[[Situation, str, Actor], object]
    choices: Callable[[], Choices] | None = None
    wants_value: bool = True


_deeds: dict[str, Deed] = {}


def register(deed: Deed) -> None:
    _deeds[deed.name] = deed


def registered() -> list[Deed]:
    return list(_deeds.values())


def get(name: str) -> Deed:
    """Raises `KeyError`."""
    return _deeds[name]


def _assign(situation: Situation, value: str, by: Actor) -> None:
    changing.assign(situation.ticket, User.objects.filter(pk=value).first(), by=by)


def _round_robin(situation: Situation, _value: str, by: Actor) -> None:
    """Whoever of the team is online and has the fewest open tickets; nobody where nobody is."""
    unfinished = Q(assigned_tickets__status__in=Ticket.UNFINISHED)
    free = (
        User.objects.agents()
        .filter(teams=situation.ticket.team_id, status=User.Status.ONLINE)
        .annotate(load=Count("assigned_tickets", filter=unfinished))
        .order_by("load", "pk")
        .first()
    )
    if free is not None:
        changing.assign(situation.ticket, free, by=by)


def _tag(situation: Situation, value: str, by: Actor) -> None:
    changing.set_tags(situation.ticket, _tags(situation, add=value), by=by)


def _untag(situation: Situation, value: str, by: Actor) -> None:
    changing.set_tags(situation.ticket, _tags(situation, drop=value), by=by)


def _tags(situation: Situation, *, add: str = "", drop: str = "") -> list[Tag]:
    have = {str(tag.pk): tag for tag in situation.ticket.tags.all()}
    have |= {str(tag.pk): tag for tag in Tag.objects.filter(pk__in=[add] if add else [])}
    have.pop(drop, None)
    return list(have.values())


def _reason(situation: Situation, value: str, by: Actor) -> None:
    changing.set_reason(situation.ticket, Reason.objects.filter(pk=value).first(), by=by)


def _team(situation: Situation, value: str, by: Actor) -> None:
    team = Team.objects.filter(pk=value).first()
    if team is not None:
        changing.set_team(situation.ticket, team, by=by)


def _reply(situation: Situation, value: str, by: Actor) -> None:
    """Answer automatically, within the brakes of the channel. Raises `NotAnswered`."""
    ticket, message = situation.ticket, situation.message
    if message is None or not may_answer(message):
        raise NotAnswered
    with translation.override(ticket.shop.locale):
        subject = _("We have your message [#%(number)s]") % {"number": ticket.number}
        text = filled(value, situation)
    draft = replying.Draft(text, cc=(), context={"acknowledges": message.pk, "subject": subject})
    replying.reply(ticket, draft, by=by, channel=message.channel, automatic=True)


def may_answer(message: Message) -> bool:
    """Whether an automatic answer can do no harm: once a ticket, and never to a robot."""
    if message.automatic or message.flagged or message.ticket.spam:
        return False
    answered = message.ticket.messages.filter(
        direction=Message.Direction.OUTBOUND, automatic=True, context__acknowledges__isnull=False
    )
    brakes = kinds.get(message.channel.kind).may_answer
    return not answered.exists() and (brakes is None or brakes(message))


def filled(text: str, situation: Situation) -> str:
    """The text with its placeholders filled in; nothing that the customer wrote is among them."""
    opening = situation.opening
    values = {
        "{number}": str(situation.ticket.number),
        "{hours}": opening.week_in_words,
        "{opens}": opening.opens_in_words or _("now"),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _note(situation: Situation, value: str, by: Actor) -> None:
    draft = replying.Draft(value)
    replying.note(situation.ticket, draft, by=by, author=Message.Author.SYSTEM)


def _notify(situation: Situation, value: str, by: Actor) -> None:
    ticket = situation.ticket
    supervisors = value == "supervisors"
    users = alerting.supervisors(ticket.team) if supervisors else alerting.whoever_has(ticket)
    alerting.alert(ticket, users, by=by, rule=by.id)


def _snooze(situation: Situation, value: str, by: Actor) -> None:
    changing.snooze(situation.ticket, situation.at + timedelta(hours=int(value)), by=by)


def _named(rows: Iterable[Team | User | Reason | Tag]) -> Choices:
    return [(str(row.pk), str(row)) for row in rows]


def _hours() -> Choices:
    return [(str(number), _("%(n)s h") % {"n": number}) for number in (1, 4, 24, 48, 72, 168)]


def _statuses() -> Choices:
    return [choice for choice in Ticket.Status.choices if choice[0] != Ticket.Status.NEW]


def register_all() -> None:
    """The actions of this room."""
    _ = gettext_lazy
    for deed in (
        Deed("reply", _("answer automatically"), _reply),
        Deed("tag", _("add the tag"), _tag, lambda: _named(Tag.objects.all())),
        Deed("untag", _("remove the tag"), _untag, lambda: _named(Tag.objects.all())),
        Deed(
            "priority",
            _("set the priority"),
            lambda s, value, by: changing.set_priority(s.ticket, value, by=by),
            lambda: Ticket.Priority.choices,
        ),
        Deed(
            "status",
            _("set the status"),
            lambda s, value, by: changing.set_status(s.ticket, value, by=by),
            _statuses,
        ),
        Deed("reason", _("set the contact reason"), _reason, lambda: _named(Reason.objects.all())),
        Deed("team", _("hand it to the team"), _team, lambda: _named(Team.objects.all())),
        Deed("assign", _("assign it to"), _assign, lambda: _named(User.objects.agents())),
        Deed(
            "round_robin",
            _("assign it to who is online and has least to do"),
            _round_robin,
            wants_value=False,
        ),
        Deed(
            "notify",
            _("notify"),
            _notify,
            lambda: [("holder", _("whoever has it")), ("supervisors", _("the supervisors"))],
        ),
        Deed("note", _("write an internal note"), _note),
        Deed("snooze", _("put it aside for"), _snooze, _hours),
    ):
        register(deed)
