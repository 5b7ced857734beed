"""Verbs that decide by a row wait for whoever is changing it, or leave it to them.

Each case has somebody else's change under way, not yet committed. Without its lock the verb would
decide by what was there before.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from accounts import inviting, setup
from accounts.errors import LinkNotValid
from accounts.models import AuditEntry, Invitation, Role, User
from channels_ingest import connecting, files
from channels_ingest.chat import conversing, mailing
from channels_ingest.chat.models import ChatEvent, ChatMail, ChatSession
from channels_ingest.models import Connection
from crm import merging, profile, shops
from crm.merging import CannotMerge, CannotUndo
from crm.models import Customer, Identity, Shop
from history import readers
from history.models import Event, ReaderFailure
from history.recording import SYSTEM
from tests.factories import make_channel, make_incoming, make_shop, make_ticket, make_user
from tests.servers import eventually
from tickets import closing
from tickets.models import Attachment, Message, Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db(transaction=True)

_WAITING_FOR_US = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


class Verb:
    """A verb that runs in a thread of its own; `wait` gives what it returned or raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._result: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> Any:
        self._thread.join(20)
        assert self.is_done
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception as error:
            self._result = error
        finally:
            connections.close_all()


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[Verb]:
    """The change made inside is committed once the verb waits for it, or is done without."""
    verb = Verb(work)
    with transaction.atomic():
        yield verb
        verb.start()
        eventually(lambda: verb.is_done or _somebody_waits())


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_FOR_US)
        row = cursor.fetchone()
    return bool(row and row[0])


def test_invitation_is_accepted_once() -> None:
    _invitation, url = inviting.invite("nowa@example.com", name="Nowa", role=Role.AGENT, by=None)
    token = url.rstrip("/").rpartition("/")[2]

    with meanwhile(lambda: inviting.accept(token, name="B", password="x")) as second:
        Invitation.objects.update(accepted_at=timezone.now())

    assert isinstance(second.wait(), LinkNotValid)
    assert not User.objects.exists()


def test_first_admin_is_made_once() -> None:
    token = setup.setup_link().rstrip("/").rpartition("/")[2]

    def make(email: str) -> User:
        return setup.create_first_admin(token, email=email, name="A", password="x")

    with meanwhile(lambda: make("b@example.com")) as second:
        make("a@example.com")

    assert isinstance(second.wait(), LinkNotValid)
    assert User.objects.count() == 1


@pytest.fixture
def chat() -> ChatSession:
    channel = make_channel("chat")
    first = receive(make_incoming(channel, sender="v-1"))
    receive(make_incoming(channel, sender="v-1"))
    return ChatSession.objects.create(
        channel=channel, ticket=first.ticket, visitor="v-1", expires_at=timezone.now()
    )


def test_chat_gives_each_number_once(chat: ChatSession) -> None:
    first, second = Message.objects.order_by("pk")

    with meanwhile(lambda: conversing.publish(chat.pk, second)) as other:
        conversing.publish(chat.pk, first)

    assert other.wait().seq == 2
    assert list(ChatEvent.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


def test_chat_numbers_a_status_behind_a_message(chat: ChatSession) -> None:
    message = Message.objects.earliest("pk")
    event = Event(at=timezone.now(), data={"old": "open", "new": "solved"})

    with meanwhile(lambda: conversing.publish_status(chat.pk, event)) as other:
        conversing.publish(chat.pk, message)

    assert other.wait() is None
    assert ChatEvent.objects.get(status="solved").seq == 2


def test_mail_of_a_chat_is_sent_by_one(chat: ChatSession, mailoutbox: list[Any]) -> None:
    mail = ChatMail.objects.create(
        session=chat, kind=ChatMail.Kind.TRANSCRIPT, email="a@example.com", due_at=timezone.now()
    )

    with meanwhile(mailing.send_due) as other:
        ChatMail.objects.filter(pk=mail.pk).update(attempts=F("attempts") + 1)

    assert other.wait() == 1
    mail.refresh_from_db()
    assert (mail.attempts, mail.done_at, mailoutbox) == (1, None, [])


def test_file_is_fetched_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    message = receive(make_incoming(make_channel()))
    file = Attachment.objects.create(
        message=message,
        name="a.png",
        state=Attachment.State.WAITING,
        source_url="https://cdn.example.com/a.png",
        next_attempt_at=timezone.now(),
    )
    asked: list[str] = []
    monkeypatch.setattr(files.http, "fetch", lambda url, **_how: asked.append(url))

    with meanwhile(lambda: files.fetch(file.pk)) as other:
        Attachment.objects.filter(pk=file.pk).update(attempts=F("attempts") + 1)

    assert (other.wait(), asked) == (None, [])


def test_settings_of_two_admins_are_both_kept() -> None:
    channel = make_channel("chat", settings={"a": 1})
    admin = make_user("admin")

    def change(**settings: Any) -> None:
        connecting.change(channel, settings=settings, secrets={}, by=admin)

    with meanwhile(lambda: change(c=3)) as other:
        row = Connection.objects.get(channel=channel)
        Connection.objects.filter(pk=row.pk).update(settings={**row.settings, "b": 2})

    assert other.wait() is None
    assert Connection.objects.get(channel=channel).settings == {"a": 1, "b": 2, "c": 3}


def test_merge_both_ways_at_once_is_one() -> None:
    one, other = (make_ticket(make_channel()).customer for _ in range(2))
    user = make_user("admin")

    with meanwhile(lambda: merging.merge(kept=other, absorbed=one, user=user)) as second:
        merging.merge(kept=one, absorbed=other, user=user)

    assert isinstance(second.wait(), CannotMerge)
    assert Customer.objects.get(pk=one.pk).merged_into is None


def test_what_a_customer_gets_during_a_merge_comes_along() -> None:
    kept, absorbed = (make_ticket(make_channel()).customer for _ in range(2))
    identity = Identity.objects.filter(customer=absorbed).get()
    stranger = make_ticket(make_channel()).customer
    user = make_user("admin")

    with meanwhile(lambda: merging.merge(kept=kept, absorbed=absorbed, user=user)) as merge:
        # Somebody gives the identity to another customer at this moment.
        Identity.objects.filter(pk=identity.pk).update(customer=stranger)

    log = merge.wait()
    assert Identity.objects.get(pk=identity.pk).customer == stranger
    merging.undo(log, user=user)
    assert Identity.objects.get(pk=identity.pk).customer == stranger


def test_merge_is_undone_once() -> None:
    kept, absorbed = (make_ticket(make_channel()).customer for _ in range(2))
    user = make_user("admin")
    log = merging.merge(kept=kept, absorbed=absorbed, user=user)

    with meanwhile(lambda: merging.undo(log, user=user)) as second:
        merging.undo(log, user=user)

    assert isinstance(second.wait(), CannotUndo)


def test_profile_tells_of_what_really_changed() -> None:
    customer = make_ticket(make_channel()).customer

    with meanwhile(lambda: profile.update(customer, by=SYSTEM, note="VIP")) as second:
        profile.update(customer, by=SYSTEM, note="VIP")

    assert second.wait().note == "VIP"
    assert Event.objects.filter(kind="customer.updated").count() == 1


def test_shop_tells_of_what_really_changed() -> None:
    shop = make_shop(name="Stara")
    admin = make_user("admin")

    with meanwhile(lambda: shops.change(shop, by=admin, name="Nowa")) as second:
        Shop.objects.filter(pk=shop.pk).update(name="Nowa")

    assert isinstance(second.wait(), Shop)
    assert not AuditEntry.objects.filter(action="shop.changed").exists()


@pytest.mark.parametrize("verb", [closing.close_due, closing.wake_snoozed])
def test_timer_waits_for_nobody(verb: Callable[[], int]) -> None:
    """One ticket that somebody works on must not hold up all others."""
    ticket = make_ticket(status="solved", solved_at=timezone.now() - timezone.timedelta(days=99))
    Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now())

    with meanwhile(verb) as timer:
        Ticket.objects.filter(pk=ticket.pk).update(priority="high")

    assert timer.wait() == 0
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert ticket.snoozed_until is not None


def test_dead_event_is_run_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_ticket()
    seen: list[int] = []
    reader = readers.Reader("chat", lambda events: seen.extend(each.pk for each in events))
    monkeypatch.setitem(readers._readers, "chat", reader)
    event = Event.objects.earliest("pk")
    failure = ReaderFailure.objects.create(reader="chat", event=event, attempts=3, dead=True)

    with meanwhile(lambda: readers.run_again(failure)) as second:
        readers.run_again(failure)

    assert second.wait() == ""
    assert seen == [event.pk]
