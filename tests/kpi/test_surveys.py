"""Who is asked and when, what counts as a vote, and what it does."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from history.recording import Actor
from kpi.models import SurveyPlan, SurveyResponse
from kpi.surveys import answering, asking, links
from tests import factories
from tests.kpi.conftest import answer, count, total
from tickets import changing, receiving
from tickets.models import Tag, Ticket


@pytest.fixture
def plan(channel):
    return SurveyPlan.objects.create(shop=channel.shop, after_solved="csat", delay_minutes=120)


@pytest.fixture
def agent(db):
    return factories.make_user()


@pytest.fixture
def solved(clock, channel, plan, agent):
    """A ticket that an agent has answered and solved three hours ago."""
    ticket = factories.make_ticket(channel, assignee=agent)
    answer(ticket, agent, then=Ticket.Status.SOLVED)
    clock.shift(timedelta(hours=3))
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def asked(solved):
    assert asking.ask_due() == 1
    return SurveyResponse.objects.get()


def test_customer_is_asked_once_in_the_ticket_s_own_channel(solved, asked, agent):
    message = solved.messages.latest("pk")
    assert links.address(asked, 5) in message.body_html
    assert message.automatic
    assert (asked.agent_id, asked.message_id) == (agent.pk, message.pk)
    solved.refresh_from_db()
    assert solved.status == Ticket.Status.SOLVED
    assert asking.ask_due() == 0


def test_nobody_is_asked_before_the_time_or_much_later(clock, solved):
    clock.shift(timedelta(hours=-2))
    assert asking.ask_due() == 0
    clock.shift(timedelta(days=3))
    assert asking.ask_due() == 0


def test_in_a_chat_the_question_comes_at_once(clock, channel, plan, agent):
    chat = factories.make_channel("messenger", shop=channel.shop)
    ticket = receiving.receive(factories.make_incoming(chat)).ticket
    answer(ticket, agent, then=Ticket.Status.SOLVED)
    assert asking.ask_due() == 0
    Ticket.objects.update(channel=factories.make_channel("chat", shop=channel.shop))
    # The chat has no identity of this customer, so the question is refused, once.
    assert asking.ask_due() == 0
    assert SurveyResponse.objects.get().refused == "no_recipient"


@pytest.mark.parametrize("what", ["spam", "tag", "reason", "no answer", "no plan"])
def test_some_are_left_in_peace(solved, plan, agent, what):
    by = Actor("agent", agent.pk)
    match what:
        case "spam":
            changing.set_spam(solved, True, by=by)
        case "tag":
            tag = Tag.objects.create(slug="rodo", name="RODO")
            plan.skipped_tags.add(tag)
            changing.set_tags(solved, [tag], by=by)
        case "reason":
            from tickets.models import Reason

            reason = Reason.objects.create(slug="prawne", name="Prawne")
            plan.skipped_reasons.add(reason)
            changing.set_reason(solved, reason, by=by)
        case "no answer":
            solved.messages.filter(direction="outbound").update(automatic=True)
        case "no plan":
            plan.delete()
    assert asking.ask_due() == 0


def test_same_customer_is_not_asked_again_within_the_week(clock, channel, solved, asked, agent):
    sender = solved.participants.get().identity.value
    other = receiving.receive(
        factories.make_incoming(channel, sender=sender, subject="Inna sprawa")
    ).ticket
    answer(other, agent, then=Ticket.Status.SOLVED)
    clock.shift(timedelta(hours=3))
    assert asking.ask_due() == 0

    clock.shift(timedelta(days=7))
    Ticket.objects.filter(pk=other.pk).update(solved_at=asked.sent_at + timedelta(days=7))
    assert asking.ask_due() == 1


def test_looking_at_the_link_is_no_vote(client, asked):
    for address in (links.path(asked), f"{links.path(asked)}?score=1"):
        page = client.get(address)
        assert page.status_code == 200
        assert page["X-Robots-Tag"] == "noindex"
        client.head(address)
    asked.refresh_from_db()
    assert asked.score is None
    assert 'value="1" required checked' in page.content.decode()


def test_last_answer_holds_and_none_counts_twice(client, asked, django_assert_num_queries):
    for score in (2, 5, 5):
        page = client.post(links.path(asked), {"score": score, "comment": "Szybko!"})
        assert page.status_code == 200
    count()

    asked.refresh_from_db()
    assert (asked.first_score, asked.score, asked.comment) == (2, 5, "Szybko!")
    assert total("csat") == (1, 5)
    assert total("csat_sent") == (1, 0)
    call_command("rebuild_kpi", verbosity=0)
    assert total("csat") == (1, 5)


@pytest.mark.parametrize("score", ["0", "6", "-1", "x", ""])
def test_score_off_the_scale_is_refused(client, asked, score):
    assert client.post(links.path(asked), {"score": score}).status_code == 422
    asked.refresh_from_db()
    assert asked.score is None


def test_link_that_is_not_ours_or_too_old_answers_nothing(client, clock, asked):
    wrong = links.path(asked)[:-3] + "aa/"
    assert client.get(wrong).status_code == 404
    assert client.get("/survey/x/").status_code == 404
    clock.shift(timedelta(days=31))
    assert client.post(links.path(asked), {"score": 5}).status_code == 410
    asked.refresh_from_db()
    assert asked.score is None


def test_low_score_is_shown_to_somebody(solved, asked):
    answering.answer(asked, score=2, comment="Nikt nie pomógł")

    solved.refresh_from_db()
    assert solved.needs_review
    assert solved.status == Ticket.Status.SOLVED


def test_spam_takes_its_score_along(solved, asked, agent):
    answering.answer(asked, score=5)
    count()
    assert total("csat") == (1, 5)
    changing.set_spam(solved, True, by=Actor("agent", agent.pk))
    count()
    assert total("csat") == (0, 0)


def test_automatically_solved_ticket_s_score_is_the_last_writer_s(clock, channel, plan, agent):
    other = factories.make_user()
    ticket = factories.make_ticket(channel, assignee=other)
    answer(ticket, agent)
    changing.set_status(ticket, Ticket.Status.SOLVED, by=Actor("system"))
    clock.shift(timedelta(hours=3))
    asking.ask_due()
    assert SurveyResponse.objects.get().agent_id == agent.pk


def test_recommendation_is_asked_after_the_score_and_rarely(client, clock, plan, asked):
    plan.asks_nps = True
    plan.save()
    page = client.post(links.path(asked), {"score": 4})
    nps = SurveyResponse.objects.get(kind="nps")
    assert links.path(nps) in page.content.decode()
    client.post(links.path(nps), {"score": 9})
    count()
    assert total("nps") == (1, 9)

    clock.shift(timedelta(days=20))
    page = client.post(links.path(asked), {"score": 5})
    assert SurveyResponse.objects.filter(kind="nps").count() == 1


def test_only_admins_change_what_is_asked(client, channel):
    address = f"/settings/surveys/{channel.shop.slug}/"
    client.force_login(factories.make_user("supervisor"))
    assert client.get(address).status_code == 403
    client.force_login(factories.make_user("admin"))
    assert client.get("/settings/surveys/").status_code == 200
    fields = {"after_solved": "ces", "delay_minutes": 30, "customer_days": 7, "alert_below": 3}
    assert client.post(address, fields).status_code == 302
    plan = SurveyPlan.objects.get()
    assert (plan.after_solved, plan.delay_minutes) == ("ces", 30)
    assert client.post(address, {**fields, "delay_minutes": -1}).status_code == 422
