"""The workspace as an agent uses it, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from crm.models import Customer
from history.recording import Actor
from tests.browser.conftest import SignedIn, Watched, axe, elsewhere
from tests.factories import make_channel, make_incoming, make_team, make_ticket, make_user
from tickets import attaching, changing, receiving, replying
from tickets.incoming import Threading
from tickets.models import CannedReply, Channel, Delivery, Message, Reason, Tag, Ticket
from tickets.replying import Draft

pytestmark = pytest.mark.django_db(transaction=True)

HTML = (
    '<p>Dzień <b>dobry</b>, załączam zdjęcie.</p><img src="https://sledzi.example/foto.png">'
    "<ul><li>pierwsze</li><li>drugie</li></ul><blockquote>wcześniej</blockquote>"
)


@pytest.fixture
def agent(transactional_db: None) -> User:
    return make_user(name="Ola Lis", language="en")


@pytest.fixture
def mailbox(transactional_db: None) -> Channel:
    return make_channel("email", name="pomoc@sklep")


def _answer(ticket: Ticket, text: str) -> Message:
    """The customer writes again into the same ticket."""
    return receiving.receive(
        make_incoming(
            ticket.channel,
            sender=ticket.customer.identities.get().value,
            body_text=text,
            threading=Threading(refs=(ticket.ref,)),
        )
    )


def _full_ticket(agent: User, mailbox: Channel) -> Ticket:
    """A ticket that shows everything there is to show."""
    by = Actor("agent", agent.pk)
    first = receiving.receive(
        make_incoming(mailbox, sender="anna@example.com", body_html=HTML, authentication="pass")
    )
    ticket = first.ticket
    changing.assign(ticket, agent, by=by)
    changing.set_priority(ticket, "high", by=by)
    changing.set_tags(ticket, [Tag.objects.create(slug="zwrot", name="zwrot")], by=by)
    changing.set_reason(ticket, Reason.objects.create(slug="x", name="Gdzie paczka"), by=by)
    replying.note(ticket, Draft(body_text="Sprawdzam u kuriera."), by=by, user=agent)
    replying.reply(ticket, Draft(body_text="Jutro do 12:00."), by=by, user=agent)
    Delivery.objects.filter(message__ticket=ticket).update(
        state="failed", error="Adres nie istnieje."
    )
    _answer(ticket, "Dziękuję\n\nhttps://sledzenie.example/1")
    make_ticket(mailbox)
    return ticket


def _box(page: Page):
    return page.locator("#messages")


def test_new_mail_announces_itself_while_the_list_is_open(agent, mailbox, live: SignedIn):
    make_ticket(mailbox)
    page = live(agent, "/inbox/?view=open")
    expect(page.locator(".row")).to_have_count(1)

    new = make_incoming(mailbox, sender="jan@example.com", subject="Zupełnie nowa sprawa")
    elsewhere(receiving.receive, new)

    expect(page.get_by_role("button", name="Show 1 new ticket")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)  # nothing moves by itself
    expect(page.locator('[data-count="open"]')).to_have_text("2")
    page.get_by_role("button", name="Show 1 new ticket").click()
    expect(page.locator(".row").first).to_contain_text("Zupełnie nowa sprawa")


def test_mail_into_the_open_ticket_appears_in_it(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")

    elsewhere(_answer, ticket, "Proszę o pilną odpowiedź")

    expect(_box(page)).to_contain_text("Proszę o pilną odpowiedź")
    expect(page.locator(f"#row-{ticket.number}")).not_to_have_attribute("data-unread", "")


def test_newest_stays_in_view_while_pictures_and_mails_load(agent, mailbox, live: SignedIn):
    picture = (Path(__file__).parent / "picture.png").read_bytes()
    ticket = receiving.receive(make_incoming(mailbox, body_html=HTML)).ticket
    file = attaching.upload(picture, "but.png", user=agent)
    draft = Draft(body_text="Zdjęcie z magazynu", attachments=[file])
    replying.note(ticket, draft, by=Actor("agent", agent.pk), user=agent)
    for number in range(4):
        _answer(ticket, f"Wiadomość {number}\n\n" + "kolejny wiersz\n" * 8)

    page = live(agent, f"/inbox/{ticket.number}/")
    page.wait_for_load_state("networkidle")

    expect(_box(page).locator(".message").last).to_be_in_viewport()


def test_reply_is_sent_and_taken_back(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")

    page.keyboard.press("r")
    page.keyboard.type("Paczka jedzie.")
    page.keyboard.press("Control+Enter")

    expect(_box(page).locator(".message--outbound")).to_contain_text("Paczka jedzie.")
    expect(page.locator("#composer-text")).to_have_value("")
    expect(page.locator("[data-menu=status] .prop__value")).to_have_text("Open")
    page.get_by_role("button", name="Undo").click()
    expect(_box(page).locator(".message--outbound")).to_have_count(0)
    expect(page.locator("#composer-text")).to_have_value("Paczka jedzie.")
    expect(page.locator("[data-menu=status] .prop__value")).to_have_text("New")
    assert Delivery.objects.get().state == Delivery.State.CANCELLED


def test_note_is_yellow_and_stays_inside(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")

    page.keyboard.press("n")
    page.keyboard.type("Dzwonił kurier.")
    page.get_by_role("button", name="Save the note").click()

    expect(_box(page).locator(".message--note")).to_contain_text("Dzwonił kurier.")
    assert not Delivery.objects.exists()


def test_draft_survives_a_reload(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")
    page.fill("#composer-text", "Niedokończone")
    expect(page.locator("#composer-state")).to_have_text("draft saved")

    page.reload()

    expect(page.locator("#composer-text")).to_have_value("Niedokończone")
    expect(page.locator(f"#row-{ticket.number} .row__draft")).to_be_visible()


def test_draft_goes_on_at_another_device(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    phone = live(agent, f"/inbox/{ticket.number}/", width=360)
    phone.fill("#composer-text", "Zaczęte w tramwaju")
    expect(phone.locator("#composer-state")).to_have_text("draft saved")

    desk = live(agent, f"/inbox/{ticket.number}/")

    expect(desk.locator("#composer-text")).to_have_value("Zaczęte w tramwaju")
    desk.locator("#composer-send").click()
    expect(desk.locator(".message--outbound")).to_contain_text("Zaczęte w tramwaju")
    phone.reload()
    expect(phone.locator("#composer-text")).to_have_value("")


def test_draft_typed_without_a_connection_is_not_lost(
    agent, mailbox, live: SignedIn, console: Watched
):
    console.expected.append("ERR_FAILED")
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")
    page.route("**/draft/", lambda route: route.abort())
    page.fill("#composer-text", "W tunelu")
    page.unroute("**/draft/")

    page.reload()

    expect(page.locator("#composer-text")).to_have_value("W tunelu")
    expect(page.locator("#composer-state")).to_have_text("draft saved")


def test_newer_message_asks_before_sending(agent, mailbox, live: SignedIn, console: Watched):
    console.expected.append("409")
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")
    # The line breaks just before the customer writes again.
    page.route("**/live/", lambda route: route.abort())
    console.expected.append("ERR_FAILED")
    page.fill("#composer-text", "Wyślemy jutro.")
    elsewhere(_answer, ticket, "Już nie trzeba, rezygnuję")

    page.click("#composer-send")

    expect(page.locator(".toast")).to_contain_text("wrote again")
    assert not Delivery.objects.exists()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#composer-text")).to_have_value("")
    assert Delivery.objects.count() == 1


def test_status_changes_at_once_and_can_be_undone(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/?view=open")

    page.keyboard.press("e")
    expect(page.locator("[data-menu=status] .prop__value")).to_have_text("Solved")
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("[data-menu=status] .prop__value")).to_have_text("New")
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.NEW


def test_menus_by_keyboard(agent, mailbox, live: SignedIn):
    Tag.objects.create(slug="zwrot", name="zwrot")
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")

    page.keyboard.press("m")
    expect(page.locator("[data-menu=assignee] .prop__value")).to_have_text("Ola Lis")
    page.keyboard.press("t")
    page.locator(".dropdown-menu.show").get_by_text("zwrot").click()
    page.keyboard.press("Escape")
    expect(page.locator("[data-menu=tags]")).to_contain_text("zwrot")
    page.keyboard.press("p")
    page.locator(".dropdown-menu.show").get_by_text("Urgent").click()
    expect(page.locator("[data-menu=priority] .prop__value")).to_have_text("Urgent")
    page.keyboard.press("z")
    page.locator(".dropdown-menu.show").get_by_text("Tomorrow").click()
    expect(page.locator("#ticket-head")).to_contain_text("Snoozed until")

    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.priority) == (agent, Ticket.Priority.URGENT)
    assert ticket.snoozed_until is not None


def test_walk_through_the_list_by_keyboard(agent, mailbox, live: SignedIn):
    tickets = [make_ticket(mailbox) for _ in range(3)]
    page = live(agent, "/inbox/?view=open")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(tickets[1].number))
    expect(page).to_have_url(re.compile(rf"/inbox/{tickets[1].number}/\?view=open"))
    page.keyboard.press("j")
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(tickets[0].number))
    page.go_back()
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(tickets[1].number))
    page.keyboard.press("u")
    expect(page.locator("#ticket")).not_to_have_attribute("data-number", re.compile("."))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Shortcuts")


def test_two_agents_see_each_other(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    colleague = make_user(name="Kasia Wrona", language="en")
    page = live(agent, f"/inbox/{ticket.number}/")
    other = live(colleague, f"/inbox/{ticket.number}/")

    expect(page.locator("#presence")).to_have_text("Kasia is reading")
    other.fill("#composer-text", "Odpisuję")
    expect(page.locator("#presence")).to_have_text("Kasia is writing…")
    expect(page.locator(f"#row-{ticket.number} .row__presence")).to_have_text("Kasia is writing…")
    expect(other.locator("#presence")).to_have_text("Ola is reading")
    other.close()
    expect(page.locator("#presence")).to_have_text("")


def test_ticket_handed_to_others_leaves_the_page(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/?view=open")

    elsewhere(changing.set_team, ticket, make_team(), by=Actor("system"))

    expect(page.locator(f"#row-{ticket.number}")).to_have_count(0)
    expect(page.locator("#composer")).to_have_count(0)


def test_page_catches_up_after_a_break(agent, mailbox, live: SignedIn, console: Watched):
    console.expected += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/?view=open")

    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    elsewhere(_answer, ticket, "Napisane w przerwie")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")

    expect(_box(page)).to_contain_text("Napisane w przerwie")


def test_file_is_uploaded_with_the_reply(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")

    page.set_input_files(
        "#composer-file",
        {"name": "etykieta.txt", "mimeType": "text/plain", "buffer": b"adres zwrotu"},
    )
    expect(page.locator("#composer-files li[data-file]")).to_contain_text("etykieta.txt")
    page.fill("#composer-text", "W załączniku etykieta.")
    page.click("#composer-send")

    expect(_box(page).locator(".file")).to_contain_text("etykieta.txt")


def test_framed_mail_runs_nothing_and_loads_nothing(agent, mailbox, live: SignedIn):
    hostile = (
        "<p><b>Witaj</b></p><script>parent.document.title='x'</script>"
        "<img src=x onerror=\"parent.document.title='x'\">"
        '<img src="https://sledzi.example/foto.png" width="300" height="100">'
        '<div style="position:fixed;inset:0;background:url(https://sledzi.example/b)">zasłona</div>'
    )
    message = receiving.receive(make_incoming(mailbox, body_html=hostile))
    asked: list[str] = []
    page = live(agent, "/inbox/?view=open")
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"/inbox/{message.ticket.number}/")
    frame = page.frame_locator("iframe.mail")
    expect(frame.locator("body")).to_contain_text("Witaj")

    assert "#" in page.title()
    assert not [url for url in asked if "sledzi.example" in url]
    # The parent gave the frame its mail's height.
    expect(page.locator("iframe.mail")).not_to_have_attribute("height", "120")
    expect(page.get_by_text("Remote pictures are not loaded.")).to_be_visible()


def test_whole_way_on_a_phone(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    make_ticket(mailbox)
    page = live(agent, "/inbox/?view=open", width=360, height=740)

    expect(page.locator("#ticket")).to_be_hidden()
    page.click(f"#row-{ticket.number}")
    expect(page.locator("#list")).to_be_hidden()
    page.fill("#composer-text", "Odpowiedź z telefonu")
    page.click("#composer-send")
    expect(_box(page).locator(".message--outbound")).to_contain_text("Odpowiedź z telefonu")
    page.get_by_role("button", name="Customer", exact=True).click()
    expect(page.locator("#panel")).to_be_visible()
    page.locator("#panel").get_by_role("button", name="Close").click()
    page.click("#ticket-head [data-action-key=solve]")
    expect(page.locator("#ticket-head")).to_have_attribute("data-status", "solved")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator(f"#row-{ticket.number}")).to_have_count(0)
    page.get_by_role("button", name="Menu").click()
    page.locator("#sidebar").get_by_role("link", name="Unassigned").click()
    expect(page.locator("#topbar-title")).to_have_text("Unassigned")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 360])
def test_axe_finds_nothing_serious(scheme, width, agent, mailbox, live: SignedIn):
    ticket = _full_ticket(agent, mailbox)
    page = live(agent, f"/inbox/{ticket.number}/?view=open", width=width, scheme=scheme)
    expect(_box(page)).to_contain_text("Adres nie istnieje.")

    assert axe(page) == []
    page.keyboard.press("Escape")
    page.goto("/inbox/?view=open")
    assert axe(page) == []


@pytest.mark.parametrize("path", ["/customers/", "customer"])
def test_axe_finds_nothing_serious_about_customers(path, agent, mailbox, open_as: SignedIn):
    ticket = _full_ticket(agent, mailbox)
    if path == "customer":
        path = f"/customers/{ticket.customer.public_id}/"

    assert axe(open_as(agent, path)) == []


def test_manager_reads_only(mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    page = live(make_user("manager", language="en"), f"/inbox/{ticket.number}/")

    expect(_box(page)).to_contain_text("Dzień dobry")
    expect(page.locator("#composer")).to_have_count(0)
    expect(page.locator("[data-menu=status]")).to_be_disabled()


def test_tickets_are_found_while_typing(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    other = make_incoming(
        mailbox, sender="jan@example.com", subject="Buty", body_text="Chcę zwrócić buty zimowe."
    )
    wanted = receiving.receive(other).ticket
    page = live(agent, "/inbox/?view=open")

    page.keyboard.press("/")
    page.keyboard.type("zimowych bu", delay=20)

    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(f"#row-{wanted.number} mark")).to_have_text(["buty", "zimowe"])
    page.keyboard.type("tów tag:nie-ma ", delay=20)
    expect(page.locator("#empty")).to_contain_text("Nothing found")
    expect(page.locator("#search")).to_have_value("zimowych butów tag:nie-ma ")
    page.locator("#search").fill("")
    expect(page.locator(f"#row-{ticket.number}")).to_be_visible()


def test_prepared_answer_is_put_in_and_sent_by_keys_alone(agent, mailbox, live: SignedIn):
    CannedReply.objects.create(name="Inna", body="Nie ta.")
    CannedReply.objects.create(
        name="Zwrot towaru", body="Dzień dobry, {{customer.salutation|Państwo}}!\nProszę odesłać."
    )
    ticket = make_ticket(mailbox)
    Customer.objects.update(name="Marek Wójcik", first_name="")
    page = live(agent, "/inbox/?view=open")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("/zwrot")
    expect(page.locator(".canned__item")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value(
        "Dzień dobry, Panie Marku!\nProszę odesłać."
    )
    assert axe(page) == []
    page.keyboard.press("Control+Shift+Enter")

    expect(page.locator(".message--outbound")).to_contain_text("Dzień dobry, Panie Marku!")
    expect(page.locator("#ticket-head")).to_have_attribute("data-status", "solved")
    assert CannedReply.objects.get(name="Zwrot towaru").times_used == 1
    assert ticket.messages.filter(direction="outbound").count() == 1


def test_list_of_prepared_answers_closes_and_leaves_the_text(agent, mailbox, live: SignedIn):
    CannedReply.objects.create(name="Zwrot", body="x")
    ticket = make_ticket(mailbox)
    page = live(agent, f"/inbox/{ticket.number}/")
    page.locator("#composer-text").fill("Cena 12")

    page.get_by_role("button", name="Prepared answers").click()
    expect(page.locator("#canned")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#canned")).to_be_hidden()
    expect(page.locator("#composer-text")).to_have_value("Cena 12 /")


def test_ticket_is_merged_by_search_and_taken_apart_again(agent, mailbox, live: SignedIn):
    kept, absorbed = make_ticket(mailbox), make_ticket(mailbox)
    page = live(agent, f"/inbox/{absorbed.number}/?view=open")

    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Merge into another ticket").click()
    expect(page.locator("#merge-found")).to_contain_text("no other open ticket")
    page.get_by_role("searchbox", name="Find the ticket").fill(str(kept.number))
    page.locator(f"[data-merge-into='{kept.number}']").click()

    expect(page.locator("#ticket")).to_have_attribute("data-number", str(kept.number))
    expect(page.locator(".message--inbound")).to_have_count(2)
    expect(page.locator(f"#row-{absorbed.number}")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(absorbed.number))
    expect(page.locator(".message--inbound")).to_have_count(1)


def test_message_becomes_a_ticket_of_its_own(agent, mailbox, live: SignedIn):
    ticket = make_ticket(mailbox)
    other = _answer(ticket, "A poza tym proszę o fakturę")
    page = live(agent, f"/inbox/{ticket.number}/")

    page.locator(f"#message-{other.public_id}").hover()
    page.locator(f"#message-{other.public_id} [data-split]").click()

    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".message--inbound")).to_have_text(re.compile("proszę o fakturę"))
    expect(page.locator("#ticket")).not_to_have_attribute("data-number", str(ticket.number))


def test_claim_of_a_visitor_is_confirmed_and_taken_back(live: SignedIn, agent: User) -> None:
    known = elsewhere(
        lambda: receiving.receive(make_incoming(make_channel(), sender="anna@example.com"))
    )
    elsewhere(Customer.objects.filter(pk=known.ticket.customer_id).update, name="Zofia Kowal")
    context = {"claimed_email": "anna@example.com"}
    ticket = elsewhere(lambda: make_ticket(make_channel("chat"), context=context))
    page = live(agent, f"/inbox/{ticket.number}/")
    claim = page.locator("#panel .claim")
    expect(claim).to_contain_text("not verified")
    expect(claim.get_by_role("link", name="Zofia Kowal")).to_be_visible()

    claim.get_by_role("button", name="It is them: merge").click()
    expect(page.locator("#panel h2")).to_have_text("Zofia Kowal")
    expect(claim).to_contain_text("Confirmed")
    assert axe(page) == []

    claim.get_by_role("button", name="Take back").click()
    expect(claim).to_contain_text("not verified")
    assert Ticket.objects.get(pk=ticket.pk).customer_id == ticket.customer_id
