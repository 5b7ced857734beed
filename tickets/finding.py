"""The language of the search field: words, and operators such as `status:otwarte od:kowalska`.

Operators have a Polish and an English name, with or without diacritics; `-` before anything leaves
it out. Any input is a search: what is no operator is a word.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Left, Lower
from django.db.models.lookups import IsNull
from django.utils import timezone, translation

from accounts.models import User
from helpdesk.morphology import fold
from helpdesk.text import storable
from tickets import kinds, searching
from tickets.models import Attachment, Channel, Message, Tag, Ticket
from tickets.models.ticket import TicketQuerySet

_TOKEN = re.compile(r'(?P<minus>-)?(?:(?P<key>[^\W\d_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
_MOST_TOKENS = 30
_NOTHING = Q(pk__in=[])


@dataclass(frozen=True)
class Search:
    """What a text in the search field means: these words, and these conditions."""

    words: str = ""
    conditions: Sequence[Q] = ()

    def narrow(self, tickets: TicketQuerySet) -> TicketQuerySet:
        for condition in self.conditions:
            tickets = tickets.filter(condition)
        return tickets.filter(with_words(self.words)) if self.words else tickets

    def narrow_one_by_one(self, tickets: TicketQuerySet) -> TicketQuerySet:
        """The same, found by looking into each ticket in its turn: quick where many fit."""
        for condition in self.conditions:
            tickets = tickets.filter(condition)
        number, tagged, said = _wanted(self.words)
        return tickets.filter(number | _with_any(tagged) | _with_any(said))


def understand(text: str, user: User | None = None) -> Search:
    """Read what was typed. `user` is who "me" is."""
    words, conditions = [], []
    for token in list(_TOKEN.finditer(storable(text)))[:_MOST_TOKENS]:
        value = token["plain"] if token["quoted"] is None else token["quoted"]
        operator = _OPERATORS.get(fold(token["key"] or ""))
        if operator:
            found = operator(fold(value).strip(), user)
        elif token["minus"]:
            found = with_words(value)
        else:
            words.append(token[0])
            continue
        conditions.append(~found if token["minus"] else found)
    return Search(" ".join(words), conditions)


def with_words(words: str) -> Q:
    """With these words in a message or as a tag, or with this number."""
    number, tagged, said = _wanted(words)
    return number | Q(pk__in=tagged.values("ticket")) | Q(pk__in=said.values("ticket"))


def _wanted(words: str) -> tuple[Q, QuerySet[Any], QuerySet[Message]]:
    """The ticket's number, the uses of a tag, and the messages that the words may mean."""
    text = words.strip().removeprefix("#")
    number = Q(number=int(text)) if text.isdecimal() and len(text) < 16 else _NOTHING
    tags = Tag.objects.filter(Q(slug=text.lower()) | Q(name__iexact=text))
    tagged = Ticket.tags.through.objects.filter(tag__in=tags)
    query = searching.query(words)
    said = Message.objects.filter(search=query) if query else Message.objects.none()
    return number, tagged, said


def _with_any(rows: QuerySet[Any]) -> Q:
    """Asked for each ticket in turn: PostgreSQL would collect all matches first for an EXISTS."""
    first = rows.filter(ticket=OuterRef("pk")).values("pk")[:1]
    return Q(IsNull(Subquery(first), False))


@dataclass(frozen=True)
class Passage:
    """A part of a message: runs of text, each with whether it was looked for."""

    runs: Sequence[tuple[str, bool]]
    starts_inside: bool = False
    ends_inside: bool = False


_PASSAGE_LENGTH = 150
_BEFORE = 40
_SEARCHED_FOR_PASSAGE = 20_000


def passages(tickets: Collection[int], words: str) -> Mapping[int, Passage]:
    """Where the words stand in the newest message with them, by the ticket's id; one query."""
    query = searching.query(words)
    if query is None:
        return {}
    found = (
        Message.objects.filter(ticket__in=tickets, search=query)
        .order_by("ticket", "-occurred_at")
        .distinct("ticket")
        .values_list("ticket", Left("body_text", _SEARCHED_FOR_PASSAGE))
    )
    fits = searching.matcher(words)
    drawn = {ticket: _passage(" ".join(text.split()), fits) for ticket, text in found}
    return {ticket: passage for ticket, passage in drawn.items() if passage}


def _passage(text: str, fits: Callable[[str], bool]) -> Passage | None:
    """The part of the text around the first word that fits; None where it stands elsewhere."""
    hits = [match.span() for match in searching.words_of(text) if fits(match[0])]
    if not hits:
        return None
    first = hits[0][0]
    start = text.rfind(" ", 0, first - _BEFORE) + 1 if first > _BEFORE else 0
    end = min(len(text), start + _PASSAGE_LENGTH)
    runs, at = [], start
    for begin, stop in hits:
        if stop > end:
            break
        runs += [(text[at:begin], False), (text[begin:stop], True)]
        at = stop
    runs.append((text[at:end], False))
    return Passage([run for run in runs if run[0]], start > 0, end < len(text))


def _from(value: str, user: User | None) -> Q:
    """Whose customer has this in the name or in an address that they wrote from."""
    query = searching.query(value)
    if query is None:
        return _NOTHING
    plain = Func(
        Lower(F("sender__customer__name")),
        Value("ąćęłńóśźż"),
        Value("acelnoszz"),
        function="translate",
    )
    said = Message.objects.filter(direction=Message.Direction.INBOUND, search=query)
    wrote = said.annotate(plain_name=plain).filter(
        Q(plain_name__contains=value) | Q(sender__value__icontains=value)
    )
    return Q(customer__in=wrote.values("sender__customer"))


def _channel(value: str, user: User | None) -> Q:
    """A kind of channel, or channels by their name."""
    kind = _named(value, [(kind.name, kind.label) for kind in kinds.registered()])
    if kind:
        return Q(channel__kind=kind)
    names = Channel.objects.values_list("pk", "name")
    return Q(channel__in=[pk for pk, name in names if value and value in fold(name)])


def _status(value: str, user: User | None) -> Q:
    if value in _UNFINISHED:
        return Q(status__in=Ticket.UNFINISHED)
    return Q(status=_named(value, Ticket.Status.choices))


def _priority(value: str, user: User | None) -> Q:
    return Q(priority=_named(value, Ticket.Priority.choices))


def _tag(value: str, user: User | None) -> Q:
    tags = [pk for pk, slug, name in Tag.objects.values_list("pk", "slug", "name")
            if value in {slug, fold(name)}]  # fmt: skip
    marked = Ticket.tags.through.objects.filter(ticket=OuterRef("pk"), tag__in=tags)
    return Q(Exists(marked))


def _assigned(value: str, user: User | None) -> Q:
    """`ja`, `nikt`, or an agent by a part of the name or the address."""
    if value in _ME:
        return Q(assignee=user) if user else _NOTHING
    if value in _NOBODY:
        return Q(assignee=None)
    people = User.objects.values_list("pk", "name", "email")
    fitting = [pk for pk, *texts in people if any(value in fold(text) for text in texts)]
    return Q(assignee__in=fitting) if value else _NOTHING


def _team(value: str, user: User | None) -> Q:
    return Q(team__slug__startswith=value) if value else _NOTHING


def _shop(value: str, user: User | None) -> Q:
    return Q(shop__slug__startswith=value) if value else _NOTHING


def _reason(value: str, user: User | None) -> Q:
    return Q(reason__slug__startswith=value) if value else _NOTHING


def _has(value: str, user: User | None) -> Q:
    if value in _FILE:
        files = Attachment.objects.filter(message__ticket=OuterRef("pk"), inline=False)
        return Q(Exists(files))
    if value in _NOTE:
        notes = Message.objects.filter(ticket=OuterRef("pk"), direction=Message.Direction.NOTE)
        return Q(Exists(notes))
    return _NOTHING


def _is(value: str, user: User | None) -> Q:
    return _STATES.get(value, _NOTHING)


def _after(value: str, user: User | None) -> Q:
    day = _day(value)
    return Q(created_at__gte=_midnight(day)) if day else _NOTHING


def _before(value: str, user: User | None) -> Q:
    day = _day(value)
    return Q(created_at__lt=_midnight(day)) if day else _NOTHING


def _on(value: str, user: User | None) -> Q:
    day = _day(value)
    if day is None:
        return _NOTHING
    return Q(created_at__gte=_midnight(day), created_at__lt=_midnight(day + timedelta(days=1)))


_UNFINISHED = {"niezakonczone", "unfinished"}
_ME = {"ja", "mnie", "me"}
_NOBODY = {"nikt", "nikogo", "brak", "nobody", "none"}
_FILE = {"zalacznik", "plik", "attachment", "file"}
_NOTE = {"notatka", "note"}
_STATES = {
    "spam": Q(spam=True),
    "vip": Q(customer__vip=True),
    "odlozone": Q(snoozed_until__isnull=False),
    "snoozed": Q(snoozed_until__isnull=False),
    "czeka": Q(waiting_since__isnull=False),
    "waiting": Q(waiting_since__isnull=False),
}

_Operator = Callable[[str, User | None], Q]
_NAMES: dict[_Operator, str] = {
    _from: "od from",
    _channel: "kanal channel",
    _status: "status",
    _priority: "priorytet priority",
    _tag: "tag etykieta",
    _assigned: "przypisane assigned",
    _team: "zespol team",
    _shop: "sklep shop",
    _reason: "powod reason",
    _has: "ma has",
    _is: "jest is",
    _after: "po after",
    _before: "przed before",
    _on: "dzien on",
}
_OPERATORS = {name: operator for operator, names in _NAMES.items() for name in names.split()}

_DAYS_AGO = {"dzis": 0, "dzisiaj": 0, "today": 0, "wczoraj": 1, "yesterday": 1}
_AGO = re.compile(r"(\d{1,4})([dtw])\Z")


def _named(value: str, choices: Iterable[tuple[str, object]]) -> str:
    """The choice whose name or label begins so, in either language; empty where none does."""
    for name, label in choices:
        labels = {fold(name)}
        for language in ("pl", "en"):
            with translation.override(language):
                labels.add(fold(str(label)))
        if value and any(text.startswith(value) for text in labels):
            return name
    return ""


def _day(text: str) -> date | None:
    """`2026-11-22`, `22.11.2026`, `22.11`, `wczoraj`, `7d` and `2t` (days and weeks ago)."""
    today = timezone.localdate()
    if text in _DAYS_AGO:
        return today - timedelta(days=_DAYS_AGO[text])
    if ago := _AGO.match(text):
        return today - timedelta(days=int(ago[1]) * (1 if ago[2] == "d" else 7))
    text = text.rstrip(".")
    for written, form in [
        (text, "%Y-%m-%d"),
        (text, "%d.%m.%Y"),
        (f"{text}.{today.year}", "%d.%m.%Y"),
    ]:
        try:
            return datetime.strptime(written, form).date()  # noqa: DTZ007 (a day alone)
        except ValueError:
            continue
    return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
