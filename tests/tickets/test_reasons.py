"""The contact reason is guessed from the text, and set by nobody but people."""

import json
from pathlib import Path

import pytest

from tests.factories import make_channel, make_incoming, make_user
from tickets import reasons
from tickets.models import Reason
from tickets.receiving import receive

FIXTURE = Path(__file__).parent / "fixtures" / "contact_reasons.json"
SAMPLES = json.loads(FIXTURE.read_text())["samples"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["text"])
def test_guess(sample):
    assert reasons.guessed(sample["text"]) == sample["expect"]


def test_nothing_is_guessed_from_nothing():
    assert reasons.guessed("Dzień dobry") is None


@pytest.mark.django_db
class TestSuggestion:
    @pytest.fixture
    def ticket(self):
        return receive(make_incoming(make_channel(), body_text="Proszę o fakturę", subject=""))

    def test_names_a_reason_that_is_there(self, ticket):
        assert reasons.suggested(ticket.ticket) is None
        reasons.add_usual(by=make_user("admin"))

        assert reasons.suggested(ticket.ticket).slug == "invoice"
        assert ticket.ticket.reason is None

    def test_is_silent_once_somebody_chose(self, ticket):
        reasons.add_usual(by=None)
        ticket.ticket.reason = Reason.objects.get(slug="return")

        assert reasons.suggested(ticket.ticket) is None

    def test_usual_ones_are_added_once(self):
        Reason.objects.create(slug="wismo", name="Gdzie paczka")

        assert reasons.add_usual(by=None) == 24
        assert reasons.add_usual(by=None) == 0
        assert Reason.objects.get(slug="wismo").name == "Gdzie paczka"
