"""What became of everything, by the database and by what arrived outside."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from channels_ingest.models import InboundEvent
from demo.standins.meta import Sent
from tests.chaos.answers import WAY as ANSWER
from tests.chaos.chat import Visitor
from tests.chaos.items import Item, Ledger
from tests.servers import Received, eventually
from tickets.models import Delivery, Message

T = TypeVar("T")
_DONE = (Delivery.State.SENT, Delivery.State.DELIVERED, Delivery.State.READ)


def asked(question: Callable[[], T]) -> T:
    """The database's answer, as soon as it is there to give one."""
    found: list[T] = []

    def ask() -> bool:
        try:
            found.append(question())
        except (OperationalError, InterfaceError):
            connection.close()
            return False
        return True

    eventually(ask, within_s=120)
    return found[0]


def stored() -> Counter[Item]:
    """How often each thing that customers said is in the database."""
    rows = Message.objects.filter(direction=Message.Direction.INBOUND)
    texts = rows.values_list("body_text", flat=True)
    return Counter(item for text in texts if (item := Item.of(text)))


def in_flight(ledger: Ledger) -> int:
    """What was handed over, or is being handed over, and is not dealt with yet."""
    inbound = Message.objects.filter(direction=Message.Direction.INBOUND).count()
    answers = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    open_deliveries = Delivery.objects.filter(
        state__in=[Delivery.State.QUEUED, Delivery.State.SENDING]
    )
    asked_for = len(ledger.of(ANSWER))
    return (
        len(ledger.offered) - asked_for - inbound
        + asked_for - answers.count() - len(ledger.refused)
        + open_deliveries.count()
    )  # fmt: skip


def journal_is_done() -> bool:
    return not InboundEvent.objects.filter(
        state__in=[*InboundEvent.WAITING, InboundEvent.State.DEAD]
    ).exists()


@dataclass
class Row:
    """One line of the table; `lost` and `twice` name what is wrong."""

    name: str
    offered: int
    arrived: int
    uncertain: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.twice or self.disordered)


def inbound(ledger: Ledger, way: str) -> Row:
    offered, found = ledger.of(way), stored()
    ours = {item: count for item, count in found.items() if item.way == way}
    return Row(
        way,
        offered=len(offered),
        arrived=len(ours),
        lost=[str(item) for item in sorted(offered - ours.keys())],
        twice=[str(item) for item, count in ours.items() if count > 1],
        disordered=_disordered(way),
    )


def _disordered(way: str) -> list[str]:
    """Conversations whose messages agents see in another order than they were said."""
    said: dict[int, list[int]] = defaultdict(list)
    rows = Message.objects.filter(direction=Message.Direction.INBOUND).order_by("occurred_at", "id")
    for text in rows.values_list("body_text", flat=True):
        item = Item.of(text)
        if item and item.way == way:
            said[item.conversation].append(item.number)
    return [f"{way}/{number}" for number, order in said.items() if order != sorted(order)]


def answers(
    ledger: Ledger,
    kind: str,
    arrived: Callable[[Message], int],
    order: Iterable[Item],
) -> Row:
    """Answers on one kind of channel; `arrived` says how often a message came out."""
    row = Row(f"answers by {kind}", 0, 0)
    rows = Message.objects.filter(
        direction=Message.Direction.OUTBOUND, channel__kind=kind
    ).prefetch_related("deliveries")
    seen: Counter[Item] = Counter()
    for message in rows:
        item = Item.of(message.body_text)
        if item is None:
            continue
        seen[item] += 1
        count, [delivery] = arrived(message), message.deliveries.all()
        row.offered += 1
        row.arrived += count > 0
        row.uncertain += delivery.state == Delivery.State.UNCERTAIN
        row.refused += delivery.state == Delivery.State.FAILED
        is_settled = delivery.state in (*_DONE, Delivery.State.FAILED, Delivery.State.UNCERTAIN)
        if (delivery.state in _DONE and count == 0) or not is_settled:
            row.lost.append(f"{item} ({delivery.state})")
        if count > 1 or (count and delivery.state == Delivery.State.FAILED):
            row.twice.append(f"{item} ({count}, {delivery.state})")
    row.twice += [f"{item} (accepted {count} times)" for item, count in seen.items() if count > 1]
    row.disordered = [
        f"ticket {number}"
        for number, said in _by_conversation(order).items()
        if said != sorted(said)
    ]
    return row


def unaccepted(ledger: Ledger) -> list[str]:
    """Answers that the API took and the database has not, and those that it would not take."""
    texts = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    known = {item for text in texts.values_list("body_text", flat=True) if (item := Item.of(text))}
    missing = [str(item) for item in ledger.of(ANSWER) - known - ledger.refused.keys()]
    return missing + [f"{item}: {why}" for item, why in ledger.refused.items()]


def _by_conversation(items: Iterable[Item]) -> dict[int, list[int]]:
    said: dict[int, list[int]] = defaultdict(list)
    for item in items:
        if item.number not in said[item.conversation]:
            said[item.conversation].append(item.number)
    return said


def mails(mails: list[Received]) -> tuple[Counter[str], list[Item]]:
    """What the mail server took: how often by Message-ID, and the answers in order."""
    ids = Counter(str(mail.message["Message-ID"]).strip("<> ") for mail in mails)
    texts = (str(mail.message.get_body(("plain",)).get_content()) for mail in mails)
    return ids, [item for text in texts if (item := Item.of(text))]


def messages(sent: list[Sent]) -> Counter[str]:
    return Counter(each.message.get("text", "") for each in sent)


def heard(visitors: list[Visitor]) -> Counter[str]:
    return Counter(text for visitor in visitors for text in visitor.heard.values())


def deaf(visitors: list[Visitor]) -> list[str]:
    """Visitors whose socket has shown gaps or repeats."""
    return [
        f"visitor {each.conversation}: {each.gaps} gaps, {each.repeats} repeats"
        for each in visitors
        if each.gaps or each.repeats
    ]
