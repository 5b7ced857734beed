"""The search field: words and operators, in Polish and English, over what the searcher may see."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from crm.models import Customer
from history.recording import Actor
from tests.factories import handle, make_channel, make_incoming, make_ticket, make_user
from tickets import attaching, changing, finding, receiving, replying
from tickets.models import Channel, Reason, Tag, Ticket
from tickets.replying import Draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox() -> Channel:
    return make_channel("email", name="Pomoc")


@pytest.fixture
def agent() -> User:
    return make_user(name="Ola Żółć", email="ola@firma.example")


@pytest.fixture
def by(agent) -> Actor:
    return Actor("agent", agent.pk)


def _found(text: str, user: User | None = None) -> set[Ticket]:
    return set(finding.understand(text, user).narrow(Ticket.objects.all()))


def _from(channel: Channel, address: str, name: str = "", **fields) -> Ticket:
    incoming = make_incoming(channel, **fields)
    sender = handle(channel, address, name=name)
    return receiving.receive(replace(incoming, sender=sender)).ticket


def test_customer_is_found_by_name_and_address(mailbox):
    anna = _from(mailbox, "anna.k@poczta.example", "Anna Wąż-Kowalska")
    _from(mailbox, "jan@poczta.example", "Jan Nowak", body_text="Pozdrowienia od Anny Kowalskiej")

    for text in ["od:kowalska", "from:waz", "OD:Wąż", 'od:"anna wąż"', "od:anna.k@poczta"]:
        assert _found(text) == {anna}, text
    assert _found("od:nikt-taki") == set()


@pytest.mark.parametrize("text", ["kanał:czat", "kanal:chat", "channel:chat", "kanał:widget"])
def test_channel_is_found_by_kind_and_name(mailbox, text):
    make_ticket(mailbox)
    chat = make_ticket(make_channel("chat", name="Widget sklepu"))

    assert _found(text) == {chat}


def test_status_in_both_languages(mailbox, by):
    solved, new = make_ticket(mailbox), make_ticket(mailbox)
    changing.set_status(solved, Ticket.Status.SOLVED, by=by)

    assert (
        _found("status:rozwiązane") == _found("status:rozw") == _found("status:solved") == {solved}
    )
    assert _found("-status:solved") == _found("status:niezakończone") == {new}
    assert _found("status:takiego-nie-ma") == set()


def test_tag_priority_and_reason(mailbox, by):
    marked = make_ticket(mailbox)
    make_ticket(mailbox)
    changing.set_tags(marked, [Tag.objects.create(slug="zwrot-30", name="Zwrot 30 dni")], by=by)
    changing.set_priority(marked, Ticket.Priority.URGENT, by=by)
    reason = Reason.objects.create(slug="gdzie-paczka", name="Gdzie paczka")
    changing.set_reason(marked, reason, by=by)

    for text in ['tag:"zwrot 30 dni"', "tag:zwrot-30", "zwrot-30", "priorytet:pilny",
                 "priority:urgent", "powód:gdzie", "reason:gdzie-paczka"]:  # fmt: skip
        assert _found(text) == {marked}, text


def test_assigned_to_me_nobody_and_by_name(mailbox, agent, by):
    mine, free = make_ticket(mailbox), make_ticket(mailbox)
    changing.assign(mine, agent, by=by)

    assert _found("przypisane:ja", agent) == _found("assigned:me", agent) == {mine}
    assert _found("przypisane:zolc") == _found("przypisane:ola@") == {mine}
    assert _found("przypisane:nikt") == _found("-przypisane:ola") - {mine} == {free}
    assert _found("przypisane:ja", None) == set()


def test_has_attachment_and_note(mailbox, agent, by):
    with_file, plain = make_ticket(mailbox), make_ticket(mailbox)
    file = attaching.upload(b"Paragon", "paragon.txt", user=agent)
    replying.note(with_file, Draft(body_text="", attachments=[file]), by=by, user=agent)

    assert _found("ma:załącznik") == _found("has:attachment") == {with_file}
    assert _found("ma:notatka") == {with_file}
    assert _found("-ma:zalacznik") == {plain}


def test_states(mailbox, by):
    vip, spam = make_ticket(mailbox), make_ticket(mailbox)
    Customer.objects.filter(pk=vip.customer_id).update(vip=True)
    changing.set_spam(spam, True, by=by)

    assert _found("jest:vip") == {vip}
    assert _found("is:spam") == {spam}


def test_days_are_days_of_the_shop(mailbox, time_machine):
    time_machine.move_to(datetime(2026, 11, 22, 12, tzinfo=UTC))
    # Half past midnight of the 21st in Warsaw, still the 20th in UTC.
    night = make_ticket(mailbox, created_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    old = make_ticket(mailbox, created_at=datetime(2026, 10, 1, 12, tzinfo=UTC))

    for text in [
        "dzień:wczoraj",
        "on:2026-11-21",
        "on:21.11.2026",
        "dzien:21.11",
        "po:7d",
        "po:2t",
    ]:
        assert _found(text) == {night}, text
    assert _found("przed:wczoraj") == _found("before:21.11") == {old}
    assert _found("po:kiedyś") == set()


def test_words_and_operators_together(mailbox):
    wanted = _from(mailbox, "anna@a.example", body_text="Czekam na zwrot pieniędzy za buty.")
    _from(mailbox, "anna@a.example", body_text="Dziękuję, zwroty dotarły.", subject="Inna sprawa")

    assert _found("od:anna@ zwrot butów") == {wanted}
    assert _found("od:anna@ zwrot -dziękuję") == {wanted}
    assert _found(f"#{wanted.number}") == {wanted}


def test_what_is_no_operator_is_a_word(mailbox):
    ticket = _from(mailbox, "a@a.example", body_text="Zobacz https://sklep.example/buty o 10:30")

    assert _found("https://sklep.example/buty") == {ticket}
    assert _found("10:30") == {ticket}


def test_passage_shows_where_the_words_stand(mailbox):
    long = "Dzień dobry. " * 30
    ticket = _from(mailbox, "a@a.example", body_text=f"{long}Gdzie są moje buty? <b>{long}")

    passage = finding.passages([ticket.pk], "but")[ticket.pk]

    text = "".join(run for run, _found in passage.runs)
    assert [run for run, found in passage.runs if found] == ["buty"]
    assert "Gdzie są moje buty? <b>" in text
    assert len(text) <= 160
    assert passage.starts_inside
    assert passage.ends_inside


def test_word_of_the_subject_alone_has_no_passage(mailbox):
    ticket = _from(mailbox, "a@a.example", subject="Reklamacja", body_text="Nic tu nie ma.")

    assert _found("reklamacje") == {ticket}
    assert finding.passages([ticket.pk], "reklamacje") == {}


@given(text=st.text(max_size=80) | st.from_regex(r"(-?(od|status|po|tag|ma|kanał):.{0,9} ?){1,4}"))
def test_any_input_is_a_search(text):
    assert _found(text) == set()
    finding.passages([], text)
