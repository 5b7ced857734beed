"""One run: load, kills, the wait until all is quiet, and the table."""

import argparse
import random
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from accounts import keys
from channels_ingest.models import InboundEvent
from demo.standins import meta
from tests.chaos import counting
from tests.chaos.answers import WAY as ANSWER
from tests.chaos.answers import Agents
from tests.chaos.chat import ORIGIN, Visitors
from tests.chaos.counting import Row, asked
from tests.chaos.items import Item, Ledger
from tests.chaos.mail import FailingSink, Mailbox, Senders, Writer
from tests.chaos.messenger import PAGE, FailingGraph, Meta
from tests.chaos.product import VICTIMS, Product
from tests.factories import make_channel, make_shop, make_user
from tests.servers import serving_imap, serving_smtp
from tickets.models import Delivery, Ticket

_LEAST_IN_FLIGHT = 20
# Load piles up while the machine recovers; more than so much is waited for.
_MOST_IN_FLIGHT = 120
_ROUND_S = 20
# So many tickets of each kind of channel are being answered.
_ANSWERED = 40
_HEAD = ("", "given", "there", "unsure", "refused", "lost", "twice", "order")
_LINE = "{:<21}{:>7}{:>7}{:>8}{:>9}{:>6}{:>7}{:>7}"


class Run:
    def __init__(self, product: Product, options: argparse.Namespace, stack: ExitStack) -> None:
        self.product, self.options = product, options
        self.rng = random.Random(options.seed)
        self.ledger = Ledger()
        self.kills: Counter[str] = Counter()
        imap = stack.enter_context(serving_imap())
        self.sink = FailingSink(random.Random(options.seed))
        stack.enter_context(serving_smtp(self.sink))
        self.graph = FailingGraph(random.Random(options.seed))
        graph_port = stack.enter_context(meta.serve(self.graph))
        shop = make_shop()
        make_channel(
            settings=imap.settings(**self.sink.settings()), secrets=imap.secrets, shop=shop
        )
        other = make_channel(settings=self.sink.settings(), shop=shop)
        chat = make_channel("chat", settings={"origins": [ORIGIN]}, shop=shop)
        page = make_channel(
            "messenger",
            settings={
                "page_id": PAGE.page_id,
                "app_id": PAGE.app_id,
                "api_base": f"http://127.0.0.1:{graph_port}",
            },
            secrets={
                "app_secret": PAGE.app_secret,
                "verify_token": "test",
                "page_token": PAGE.token,
            },
            shop=shop,
        )
        _key, key = keys.create(make_user(), name="chaos")
        writer = Writer(self.ledger, self.rng)
        self.mailbox = Mailbox(imap, self.ledger, writer)
        self.senders = Senders(
            product.mail_port, other.connection.settings["address"], self.ledger, writer
        )
        self.meta = Meta(f"{product.base}/hooks/messenger/{page.public_id}/", self.ledger, self.rng)
        self.visitors = Visitors(product.base, str(chat.public_id), self.ledger, self.rng)
        self.agents = Agents(product.base, key, self.ledger, self.rng)

    def all(self) -> int:
        began = time.monotonic()
        done, tried = 0, 0
        while done < self.options.rounds and tried < 2 * self.options.rounds:
            tried += 1
            done += self._round(tried)
        loaded = time.monotonic() - began
        is_quiet = self._drain()
        rows = asked(self._rows)
        trouble = asked(lambda: self._trouble(rows, is_quiet, done))
        print(
            f"\n{self._table(rows)}\n{done} kills that counted in {loaded:.0f} s, "
            f"seed {self.options.seed}; all quiet {time.monotonic() - began - loaded:.0f} s later."
        )
        print("\n".join(trouble) or "Nothing lost, nothing twice, everything in order.")
        return 1 if trouble else 0

    # -- Load and kills

    def _round(self, number: int) -> bool:
        """Hand over a share of everything, and kill something in the midst of it."""
        share = -(-self.options.items // self.options.rounds)
        answers = -(-self.options.answers // self.options.rounds)
        self.agents.answer(asked(_tickets), answers)
        self.meta.arrive(share)
        self.visitors.arrive(share)
        self.senders.arrive(share // 2)
        self.mailbox.arrive(max(share - share // 2, 1))
        time.sleep(self.rng.uniform(0, 0.5))
        flying = asked(lambda: counting.in_flight(self.ledger))
        victim = self.rng.choice(list(VICTIMS))
        was_there = self.product.kill(victim, self.rng)
        counts = was_there and flying >= _LEAST_IN_FLIGHT
        self.kills[victim] += counts
        remark = "" if counts else " (does not count)"
        print(f"{number:3} {victim:<17} {flying:4} in flight{remark}", flush=True)
        time.sleep(0.3)
        self.mailbox.disturb(self.rng, set(asked(counting.stored)))
        end = time.monotonic() + (0 if self.options.hurry else _ROUND_S)
        while time.monotonic() < end:
            if asked(lambda: counting.in_flight(self.ledger)) < _MOST_IN_FLIGHT:
                break
            time.sleep(0.2)
        return counts

    def _drain(self) -> bool:
        """Wait until nothing is under way any more; False where that does not come."""
        end = time.monotonic() + self.options.drain
        while time.monotonic() < end:
            if self.options.hurry:
                asked(_end_leases)
            if asked(lambda: counting.in_flight(self.ledger)) <= 0 and asked(
                counting.journal_is_done
            ):
                time.sleep(3)  # sockets hear what is committed
                return True
            time.sleep(1)
        return False

    # -- Counting

    def _rows(self) -> list[Row]:
        ids, mailed = counting.mails(self.sink.mails)
        texts = counting.messages(self.graph.sent)
        heard = counting.heard(self.visitors.visitors)
        posted = [item for text in texts if (item := Item.of(text))]
        said = [item for text in heard if (item := Item.of(text)) and item.way == ANSWER]
        return [
            *(counting.inbound(self.ledger, way) for way in ("imap", "smtp", "chat", "messenger")),
            counting.answers(self.ledger, "email", lambda each: ids[each.external_id], mailed),
            counting.answers(self.ledger, "messenger", lambda each: texts[each.body_text], posted),
            counting.answers(self.ledger, "chat", lambda each: heard[each.body_text], said),
        ]

    def _table(self, rows: list[Row]) -> str:
        lines = [
            _LINE.format(
                row.name,
                row.offered,
                row.arrived,
                row.uncertain,
                row.refused,
                len(row.lost),
                len(row.twice),
                len(row.disordered),
            )
            for row in rows
        ]
        visitors = self.visitors.visitors
        kills = ", ".join(f"{name} {count}" for name, count in self.kills.most_common())
        resumed = sum(each.resumed - 1 for each in visitors)
        more = f"""
kills: {kills}
brought again: {self.senders.again} mails, {self.meta.again} calls, {self.agents.again} answers
repeated though taken: {self.meta.repeated} calls
faults of others: {self.sink.failed} of the mail server, {self.graph.failed} of Meta
mailbox: {self.mailbox.expunged} expunged, {self.mailbox.renumbered} times renumbered
Message-IDs used again for other mails: {self.mailbox.writer.reused}
sockets: {len(visitors)} visitors, resumed {resumed} times"""
        return "\n".join([_LINE.format(*_HEAD), *lines]) + more

    def _trouble(self, rows: list[Row], is_quiet: bool, done: int) -> list[str]:
        found = [
            f"{row.name}: {name} {', '.join(what[:10])}"
            for row in rows
            for name, what in (
                ("lost", row.lost),
                ("twice", row.twice),
                ("out of order", row.disordered),
            )
            if what
        ]
        if not is_quiet:
            dead = InboundEvent.objects.exclude(state__in=["processed", "ignored"])
            found.append(f"not quiet: {list(dead.values_list('pk', 'state', 'reason')[:5])}")
        if done < self.options.rounds:
            found.append(f"only {done} kills counted")
        if missing := counting.unaccepted(self.ledger):
            found.append(f"answers: {', '.join(missing[:10])}")
        ids, _items = counting.mails(self.sink.mails)
        if doubled := [each for each, count in ids.items() if count > 1]:
            found.append(f"mails sent twice: {', '.join(doubled[:10])}")
        return found + counting.deaf(self.visitors.visitors)


def _tickets() -> list[list[int]]:
    """The newest tickets of each kind of channel."""
    rows = Ticket.objects.exclude(status=Ticket.Status.CLOSED).order_by("-pk")
    kinds = ("email", "chat", "messenger")
    found = [rows.filter(channel__kind=kind).values_list("number", flat=True) for kind in kinds]
    return [list(numbers[:_ANSWERED]) for numbers in found]


def _end_leases() -> None:
    """As if the minutes had passed after which a killed sender's delivery is called uncertain."""
    Delivery.objects.filter(state=Delivery.State.SENDING, leased_until__gt=timezone.now()).update(
        leased_until=F("leased_until") - timedelta(seconds=10)
    )
