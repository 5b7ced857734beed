"""The API tells the same figures as the page, to those who may know them."""

from datetime import timedelta

import pytest

from accounts import keys
from crm.models import KeyShop
from kpi.models import SurveyResponse
from kpi.surveys import answering
from tests import factories
from tests.kpi.conftest import MORNING, answer, count
from tickets.models import Ticket

MONTH = "from=2026-11-01&to=2026-11-30&hours=calendar"


@pytest.fixture
def ask(client, channel):
    """GET with a manager's key; returns the status and the body."""
    _key, text = keys.create(factories.make_user("manager"), name="figures")

    def get(address, text=text):
        answered = client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {text}"})
        return answered.status_code, answered.json()

    return get


@pytest.fixture
def answered(clock, channel):
    agent, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=2))
    answer(ticket, agent, then=Ticket.Status.SOLVED)
    response = SurveyResponse.objects.create(
        kind="csat",
        shop=channel.shop,
        customer=ticket.customer,
        ticket=ticket,
        sent_at=MORNING,
    )
    answering.answer(response, score=4, comment="Dobrze")
    count()
    return ticket


def test_summary(ask, answered):
    status, body = ask(f"kpi/summary/?{MONTH}")
    figures = {figure["figure"]: figure for figure in body["figures"]}

    assert status == 200
    assert (body["from"], body["to"], body["hours"]) == ("2026-11-01", "2026-11-30", "calendar")
    assert figures["frt"]["value"] == pytest.approx(7_200, rel=0.025)
    assert figures["frt"]["mean"] == 7_200
    assert figures["contacts"]["value"] == 1
    # One score is no percentage.
    assert (figures["csat"]["value"], figures["csat"]["n"]) == (None, 1)


def test_series(ask, answered):
    status, body = ask(f"kpi/series/?figure=contacts&{MONTH}")

    assert (status, body["step"], len(body["points"])) == (200, "day", 30)
    assert {p["start"]: p["value"] for p in body["points"] if p["n"]} == {"2026-11-18": 1}


@pytest.mark.parametrize("by", ["shop", "channel", "team", "agent", "reason"])
def test_breakdown(ask, answered, by):
    status, body = ask(f"kpi/breakdown/?by={by}&{MONTH}")

    assert status == 200
    contacts = [
        figure["value"]
        for part in body["parts"]
        for figure in part["figures"]
        if figure["figure"] == "contacts"
    ]
    assert sum(contacts) == 1


def test_answers_to_surveys(ask, answered):
    status, body = ask("surveys/responses/?kind=csat")

    assert status == 200
    [row] = body["results"]
    assert (row["score"], row["comment"], row["ticket"]) == (4, "Dobrze", answered.number)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-11-30&to=2026-11-01", 409),
        ("from=1990-01-01", 409),
        ("hours=moon", 400),
        ("colour=red", 400),
        ("shop=nothing", 404),
        ("agent=nobody@example.com", 404),
    ],
)
def test_wrong_questions(ask, query, status):
    assert ask(f"kpi/summary/?{query}")[0] == status


def test_key_of_a_shop_knows_that_shop_alone(ask, answered, channel):
    key, text = keys.create(factories.make_user("admin"), name="one shop")
    KeyShop.objects.create(key=key, shop=factories.make_shop())

    _status, body = ask(f"kpi/summary/?{MONTH}", text)
    assert {f["figure"]: f["value"] for f in body["figures"]}["contacts"] == 0
    assert ask("surveys/responses/", text)[1]["results"] == []
    assert ask(f"kpi/summary/?shop={channel.shop.slug}", text)[0] == 404
