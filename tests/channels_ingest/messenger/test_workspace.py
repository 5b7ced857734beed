"""What the agent sees of a Messenger conversation."""

import pytest

from tests.channels_ingest.messenger.conftest import PERSON, fixture_body
from tests.channels_ingest.messenger.test_fixtures import OURS
from tickets.models import Delivery, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(client, agent):
    """The ticket's page as the agent gets it."""

    def page(ticket: Ticket) -> str:
        client.force_login(agent)
        return str(client.get(f"/inbox/{ticket.number}/").content.decode())

    return page


def test_message_shows_what_it_answers(write, answer, post, look):
    ticket = write("Jaki rozmiar?").ticket
    message = answer(ticket, "Czy chodzi o rozmiar 39?")
    Delivery.objects.filter(message=message).update(external_id=OURS)

    post(fixture_body("09_reply_to_and_product_referral.json"))

    page = look(ticket)
    quote = page.index('<blockquote class="message__answered">Czy chodzi o rozmiar 39?')
    assert quote < page.index("Tak, właśnie ten rozmiar.")


def test_answer_from_the_pages_own_inbox_is_marked(post, look):
    post(fixture_body("06_echo_own_and_foreign.json"))
    ticket = Ticket.objects.get()

    assert "outside the helpdesk" in look(ticket) or "poza helpdeskiem" in look(ticket)


def test_conversation_of_another_app_closes_the_composer_and_says_why(post, look):
    post(fixture_body("10_standby_and_handover.json"))
    ticket = Ticket.objects.get()

    page = look(ticket)

    assert 'id="limits" data-open=""' in page


def test_what_a_person_unsent_is_gone_with_its_files(write, post, look):
    post(fixture_body("02_attachments_image_file_audio.json"))
    ticket = Ticket.objects.get()
    assert "uszkodzona-paczka-1.jpg" in look(ticket)

    post(fixture_body("08_edit_and_delete.json"))

    page = look(ticket)
    assert "uszkodzona-paczka-1.jpg" not in page
    assert "protokol_szkody.pdf" in page


def test_hostile_names_and_payloads_are_only_text(graph, write, look, post):
    evil = '"><img src=x onerror=alert(1)>'
    graph.profiles[PERSON] = {"first_name": evil, "last_name": evil}
    title = {"type": "fallback", "title": evil, "url": "https://sklep.example.pl/"}
    message = write(
        evil,
        attachments=[title],
        quick_reply={"payload": evil},
        referral={"product": {"id": evil}},
    )

    page = look(message.ticket)

    assert "<img src=x" not in page
    assert Message.objects.get().context["product_id"] == evil
