"""The views of the list, their order, their pages and their counters."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from history.recording import Actor
from inbox import folders, listing
from tests.factories import make_channel, make_incoming, make_ticket, make_user
from tickets import changing, receiving, replying
from tickets.models import Tag, Ticket
from tickets.replying import Draft


def _numbers(user, view: str, **how) -> list[int]:
    page = listing.page(user, folders.find(view, user), order=how.pop("order", "newest"), **how)
    return [row.ticket.number for row in page.rows]


@pytest.fixture
def by(agent) -> Actor:
    return Actor("agent", agent.pk)


def test_each_view_holds_its_tickets(agent, by, mailbox):
    plain, mine, snoozed, spam, solved, review = (make_ticket(mailbox) for _ in range(6))
    changing.assign(mine, agent, by=by)
    changing.snooze(snoozed, timezone.now() + timedelta(hours=1), by=by)
    changing.set_spam(spam, True, by=by)
    changing.set_status(solved, "solved", by=by)
    Ticket.objects.filter(pk=review.pk).update(needs_review=True)

    held = {
        view: set(_numbers(agent, view))
        for view in ["mine", "unassigned", "waiting", "snoozed", "review", "open", "spam"]
    }

    assert held == {
        "mine": {mine.number},
        "unassigned": {plain.number, review.number},
        "waiting": {plain.number, mine.number, review.number},
        "snoozed": {snoozed.number},
        "review": {review.number},
        "open": {plain.number, mine.number, snoozed.number, review.number},
        "spam": {spam.number},
    }
    assert _numbers(agent, "status:solved") == [solved.number]


def test_snoozed_ticket_comes_back_when_its_time_is_over(agent, mailbox):
    ticket = make_ticket(mailbox)
    Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now() - timedelta(minutes=1))

    assert _numbers(agent, "waiting") == [ticket.number]
    assert _numbers(agent, "snoozed") == []


def test_channel_has_its_view(agent, mailbox):
    ticket = make_ticket(mailbox)
    other = make_ticket(make_channel("messenger"))

    assert _numbers(agent, f"channel:{mailbox.pk}") == [ticket.number]
    assert _numbers(agent, f"channel:{other.channel_id}") == [other.number]


@pytest.mark.parametrize("view", ["nothing", "channel:999999", "channel:x", "status:odd"])
def test_unknown_view_is_not_found(view, agent_client):
    assert agent_client.get(reverse("inbox:list"), {"view": view}).status_code == 404


def test_orders(agent, mailbox):
    now = timezone.now()
    early = make_ticket(mailbox, at=now - timedelta(hours=3))
    late = make_ticket(mailbox, at=now - timedelta(hours=1))
    Ticket.objects.filter(pk=early.pk).update(waiting_since=now - timedelta(minutes=5))
    Ticket.objects.filter(pk=late.pk).update(waiting_since=now - timedelta(minutes=50))

    assert _numbers(agent, "waiting") == [late.number, early.number]
    assert _numbers(agent, "waiting", order="oldest") == [early.number, late.number]
    assert _numbers(agent, "waiting", order="waiting") == [late.number, early.number]


@pytest.mark.parametrize("order", ["newest", "oldest", "waiting"])
def test_pages_by_key_skip_and_repeat_nothing(order, agent, mailbox, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    at = timezone.now() - timedelta(hours=1)
    numbers = {make_ticket(mailbox, at=at).number for _ in range(5)}  # all at one moment

    found, after = [], ""
    while True:
        page = listing.page(agent, folders.find("waiting", agent), order=order, after=after)
        found += [row.ticket.number for row in page.rows]
        if not (after := page.after):
            break

    assert len(found) == 5
    assert set(found) == numbers


@pytest.mark.parametrize("after", ["x", "1.x", "99999999999999999999999.1"])
def test_broken_cursor_is_not_found(after, agent_client, mailbox):
    make_ticket(mailbox)

    response = agent_client.get(reverse("inbox:list"), {"view": "open", "after": after})

    assert response.status_code == 404


def test_search_finds_words_and_numbers(agent, mailbox):
    ticket, other = make_ticket(mailbox), make_ticket(mailbox)

    assert set(_numbers(agent, "mine", search="paczki")) == {ticket.number, other.number}
    assert _numbers(agent, "mine", search=f"#{ticket.number}") == [ticket.number]
    assert _numbers(agent, "mine", search="zupełnie inne") == []
    assert _numbers(agent, "mine", search="!?") == []


@pytest.fixture
def low_cap(monkeypatch):
    """The SQL of the counters is kept with the cap in it."""
    monkeypatch.setattr(folders, "MOST_COUNTED", 2)
    folders._count_sql.cache_clear()
    yield
    folders._count_sql.cache_clear()


@pytest.mark.usefixtures("low_cap")
def test_counters_are_exact_up_to_the_cap(agent, mailbox):
    for _ticket in range(2):
        make_ticket(mailbox)
    everything = folders.main()

    assert folders.counts(everything, agent)["open"] == 2
    make_ticket(mailbox)
    make_ticket(mailbox)
    assert folders.counts(everything, agent)["open"] == 3  # shown as 2+


def test_unread_until_seen(agent, agent_client, mailbox):
    ticket = make_ticket(mailbox)
    message = ticket.messages.get()

    assert listing.unread(agent, [ticket]) == {ticket.pk}
    address = reverse("inbox:see", args=[ticket.number])
    assert agent_client.post(address, {"message": message.pk}).status_code == 204
    assert listing.unread(agent, [ticket]) == set()


def test_message_of_another_ticket_cannot_be_seen(agent_client, mailbox):
    ticket, other = make_ticket(mailbox), make_ticket(mailbox)
    address = reverse("inbox:see", args=[ticket.number])

    for message in [other.messages.get().pk, "x", ""]:
        assert agent_client.post(address, {"message": message}).status_code == 404


def test_answered_ticket_is_nobodys_unread(agent, by, mailbox):
    ticket = make_ticket(mailbox)
    replying.reply(ticket, Draft(body_text="Już jedzie."), by=by, user=agent)
    ticket.refresh_from_db()

    assert listing.unread(make_user(), [ticket]) == set()


def test_kept_row_changes_with_what_it_shows(agent_client, by, mailbox):
    ticket = make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"
    assert "zwrot" not in agent_client.get(address).content.decode()

    changing.set_tags(ticket, [Tag.objects.create(slug="zwrot", name="zwrot")], by=by)

    assert "zwrot" in agent_client.get(address).content.decode()


def test_kept_rows_speak_the_readers_language(agent, agent_client, mailbox):
    cache.clear()
    make_ticket(mailbox, priority="urgent")
    address = reverse("inbox:list") + "?view=open"
    agent_client.get(address)
    agent.language = "en"
    agent.save()

    assert "Urgent" in agent_client.get(address).content.decode()


def test_kept_row_follows_the_name_of_its_channel(agent_client, mailbox):
    make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"
    agent_client.get(address)
    mailbox.name = "Nowa nazwa"
    mailbox.save()

    row = agent_client.get(address).content.decode().partition('class="row"')[2]

    assert "Nowa nazwa" in row


def test_kept_row_carries_nothing_of_who_saw_it_first(agent, agent_client, mailbox):
    ticket = make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"
    mine = agent_client.get(address).content.decode()
    agent_client.post(
        reverse("inbox:see", args=[ticket.number]), {"message": ticket.messages.get().pk}
    )
    other = Client(headers={"HX-Request": "true"})
    other.force_login(make_user())

    assert "<a data-unread " in mine
    assert "<a data-unread " not in agent_client.get(address).content.decode()
    assert "<a data-unread " in other.get(address).content.decode()


def test_kept_row_is_shown_only_where_the_ticket_is_visible(agent_client, outsider, mailbox):
    ticket = make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"

    assert f"row-{ticket.number}" in agent_client.get(address).content.decode()
    assert f"row-{ticket.number}" not in outsider.get(address).content.decode()


def test_sidebar_stands_once_in_a_page_and_beside_a_fragment(agent_client, mailbox):
    make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"
    fragment = agent_client.get(address).content.decode()
    page = agent_client.get(address, headers={"HX-Request": ""}).content.decode()

    assert page.count('id="folders"') == fragment.count('id="folders"') == 1
    assert 'data-replace="folders"' in fragment
    assert 'data-replace="folders"' not in page


def test_hostile_words_stay_words(agent_client, mailbox):
    hostile = '"><img src=x onerror=alert(1)>'
    ticket = make_ticket(mailbox, subject=hostile)
    tag = Tag.objects.create(slug="x", name=hostile[:50])
    ticket.tags.add(tag)
    ticket.customer.name = hostile
    ticket.customer.save()

    for address in [
        reverse("inbox:list") + "?view=open",
        reverse("inbox:list") + "?q=" + "%22%3E%3Cimg",
        reverse("inbox:ticket", args=[ticket.number]),
        reverse("inbox:customers"),
        reverse("inbox:customer", args=[ticket.customer.public_id]),
    ]:
        assert "<img src=x" not in agent_client.get(address).content.decode()


def test_search_shows_the_passage_without_trusting_it(agent_client, mailbox):
    body = "Proszę o <b>zwrot</b> za buty & torbę"
    ticket = make_ticket(mailbox)
    receiving.receive(
        make_incoming(mailbox, sender="anna@example.com", subject="Inne", body_text=body)
    )

    page = agent_client.get(reverse("inbox:list"), {"q": "zwrotu"}).content.decode()

    assert "Proszę o &lt;b&gt;<mark>zwrot</mark>&lt;/b&gt; za buty &amp; torbę" in page
    assert f"row-{ticket.number}" not in page


def test_search_finds_only_what_is_visible(outsider, mailbox):
    ticket = make_ticket(mailbox)

    for text in ["paczka", f"#{ticket.number}", "status:nowe", "-tag:x"]:
        assert "row-" not in outsider.get(reverse("inbox:list"), {"q": text}).content.decode()


@pytest.mark.parametrize("near", [2, 100])
def test_search_pages_through_all_that_fits_however_far_it_looks(near, agent, mailbox, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    monkeypatch.setattr(listing, "_NEAR", near)
    texts = ["Kubek", "Talerz", "Kubek", "Kubek", "Talerz", "Kubek", "Talerz", "Kubek"]
    messages = [
        receiving.receive(make_incoming(mailbox, sender=f"{number}@example.com", body_text=text))
        for number, text in enumerate(texts)
    ]
    fitting = [message.ticket.number for message in messages if message.body_text == "Kubek"]

    for order, expected in [("newest", fitting[::-1]), ("oldest", fitting)]:
        found, after = [], ""
        while True:
            page = listing.page(
                agent, folders.find("open", agent), order=order, search="kubki", after=after
            )
            found += [row.ticket.number for row in page.rows]
            after = page.after
            if not after:
                break
        assert found == expected
