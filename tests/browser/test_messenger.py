"""A question by Messenger travels the whole way: webhook, inbox, answer, echo and receipt."""

import pytest
from playwright.sync_api import expect

from demo.standins import meta, meta_events
from tests.browser.conftest import SignedIn, elsewhere
from tests.factories import make_channel, make_ticket, make_user
from tickets.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

PAGE_ID, PERSON, SECRET = "100000000000001", "200000000000000001", "app-secret"


def test_question_by_messenger_is_answered(live: SignedIn, server: str):
    pages: list[meta.Page] = []
    graph = meta.Graph(lambda: pages)
    graph.profiles[PERSON] = {"first_name": "Zofia", "last_name": "Wróbel"}
    with meta.serve(graph) as port:
        channel = make_channel(
            "messenger",
            name="Sklep Las",
            settings={"page_id": PAGE_ID, "api_base": f"http://127.0.0.1:{port}"},
            secrets={"app_secret": SECRET, "page_token": "token", "verify_token": "word"},
        )
        hook = f"{server}/hooks/messenger/{channel.public_id}/"
        pages.append(meta.Page(PAGE_ID, "token", SECRET, callback_url=hook))
        make_ticket()
        page = live(make_user(language="en"), "/inbox/?view=open")

        question = meta_events.text(PAGE_ID, PERSON, "Gdzie jest moja paczka?")
        assert elsewhere(meta_events.post, hook, SECRET, meta_events.batch(question)).is_success

        page.get_by_role("button", name="Show 1 new ticket").click()
        page.locator(".row", has_text="Zofia Wróbel").first.click()
        expect(page.locator("#messages")).to_contain_text("Gdzie jest moja paczka?")
        expect(page.locator("#messages")).to_contain_text("Zofia Wróbel")
        expect(page.locator("#limits")).to_contain_text("Time to answer here")

        page.keyboard.press("r")
        page.keyboard.type("Kurier będzie jutro do 12:00.")
        page.keyboard.press("Control+Enter")

        answer = page.locator("#messages .message--outbound")
        expect(answer).to_contain_text("Kurier będzie jutro do 12:00.")
        [sent] = graph.sent
        assert sent.message["text"] == "Kurier będzie jutro do 12:00."
        elsewhere(graph.report, sent)
        expect(answer).to_contain_text("Delivered")
        assert elsewhere(Delivery.objects.get).external_id == sent.mid
