"""The chat widget in a browser, on a shop's page that does all it can to break it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, WebSocketRoute, expect

from channels_ingest.chat import conversing
from channels_ingest.models import Connection
from history.models import Event
from history.recording import Actor
from tests.browser.conftest import AXE, SignedIn, Watched, elsewhere
from tests.browser.shop import shop_page
from tests.factories import make_channel, make_ticket, make_user
from tickets import changing, replying, searching, signals
from tickets.models import Channel, Message, Ticket
from tickets.sla.models import Calendar, CalendarVersion

Visit = Callable[..., Page]

# An agent who looks on may have read it at once.
READ = re.compile("read|przeczytano")
SENT = re.compile(f"sent|wysłano|{READ.pattern}")

# Many tests on few processors: a second look costs nothing where the first one succeeds.
expect.set_options(timeout=40_000)


@pytest.fixture(scope="session", autouse=True)
def warm_dictionary() -> None:
    searching.warm()


@pytest.fixture
def channel(transactional_db: None) -> Channel:
    """A widget that asks nothing before the chat; the shop is open day and night."""
    CalendarVersion.objects.create(
        calendar=Calendar.objects.get(is_default=True),
        week=[[["00:00", "24:00"]]] * 7,
        holidays="",
    )
    return make_channel("chat", settings={"title": "Sklep Kubek", "greeting": "Dzień dobry!"})


@pytest.fixture
def shop(server: str, channel: Channel, settings: Any) -> Iterator[str]:
    settings.BASE_URL = server
    with shop_page(server, channel.public_id) as address:
        set_up(channel, origins=[address])
        yield address


@pytest.fixture
def context(browser: Browser, shop: str) -> Iterator[BrowserContext]:
    # Made after the shop, so that the visitor has left before the database is emptied.
    made = browser.new_context(viewport={"width": 1100, "height": 800}, locale="pl-PL")
    made.set_default_timeout(40_000)
    yield made
    made.close()


@pytest.fixture
def visit(context: BrowserContext, shop: str, console: Watched) -> Visit:
    """Open the shop's page in another tab of the same visitor."""

    def open_page(path: str = "/") -> Page:
        page = context.new_page()
        console.watch(page)
        page.goto(shop + path)
        return page

    return open_page


def set_up(channel: Channel, **settings: Any) -> None:
    row = Connection.objects.get(channel=channel)
    row.settings = {**row.settings, **settings}
    row.save()


def bubble(page: Page) -> Any:
    return page.locator("okienko-chat .bubble")


def opened(page: Page) -> FrameLocator:
    """The chat, after a click on the bubble."""
    bubble(page).click()
    return chat(page)


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("okienko-chat iframe")


def write(frame: FrameLocator, text: str) -> None:
    frame.locator("#text").fill(text)
    frame.locator("#send").click()


def say(frame: FrameLocator, text: str) -> None:
    """Write, and wait until the helpdesk has it."""
    write(frame, text)
    expect(own(frame).last).to_have_text(text)
    expect(frame.locator(".own .state").last).to_have_text(SENT)


def answer(text: str) -> Message:
    agent, ticket = make_user(name="Kasia Nowak"), Ticket.objects.get()
    by = Actor("agent", agent.pk)
    return elsewhere(lambda: replying.reply(ticket, replying.Draft(text), by=by, user=agent))


def own(frame: FrameLocator) -> Any:
    return frame.locator(".message.own .text")


def theirs(frame: FrameLocator) -> Any:
    return frame.locator("#log .message.theirs .text")


def solve() -> None:
    ticket = Ticket.objects.get()

    def work() -> None:
        changing.set_status(ticket, Ticket.Status.SOLVED, by=Actor("agent"))
        conversing.follow(list(Event.objects.filter(ticket_id=ticket.pk).order_by("pk")))

    elsewhere(work)


def grave(page: Page) -> list[str]:
    """Serious and critical findings of axe, in the bubble and in the chat's frame."""
    found = []
    for frame, part in zip(page.frames, ("okienko-chat", "html"), strict=True):
        frame.evaluate(AXE.read_text())
        rules = frame.evaluate("(part) => axe.run(part).then((result) => result.violations)", part)
        found += [
            f"{rule['id']}: {node['html']} {node.get('failureSummary')}"
            for rule in rules
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]
    return found


def test_conversation_on_a_hostile_page(visit: Visit) -> None:
    page = visit()
    expect(bubble(page)).to_be_visible()
    box = bubble(page).bounding_box()
    assert box
    assert (box["width"], box["height"]) == (60, 60)
    assert page.locator("iframe").count() == 0

    frame = opened(page)
    say(frame, "Gdzie jest moja paczka?")
    expect(own(frame)).to_have_text("Gdzie jest moja paczka?")

    ticket = Ticket.objects.get()
    expect(frame.locator("html[data-line=live]")).to_be_attached()
    elsewhere(
        lambda: signals.agent_typing.send(None, ticket_id=ticket.pk, name="Kasia Nowak", on=True)
    )
    expect(frame.locator("#typing")).to_contain_text("Kasia")
    message = answer('Już sprawdzam! <img src=x onerror="alert(1)"> https://example.com/a.')
    expect(theirs(frame)).to_contain_text("<img src=x onerror")
    expect(theirs(frame).locator("a")).to_have_attribute("href", "https://example.com/a")
    expect(frame.locator("#typing")).to_be_hidden()
    elsewhere(lambda: signals.thread_read.send(None, ticket_id=ticket.pk, message_id=message.pk))
    expect(frame.locator(".own .state")).to_have_text(READ)
    assert message.deliveries.get().state in ("sent", "read")
    assert page.evaluate("document.cookie") == ""


def test_customer_and_agent_see_each_other_live(visit: Visit, live: SignedIn) -> None:
    elsewhere(make_ticket)
    agent = live(make_user(name="Kasia Nowak", language="en"), "/inbox/?view=open")
    frame = opened(visit())
    say(frame, "Czy kubek jest dostępny?")

    agent.get_by_role("button", name="Show 1 new ticket").click()
    agent.locator(".row", has_text="Czy kubek jest dostępny?").first.click()
    thread = agent.locator("#messages")
    expect(thread).to_contain_text("Czy kubek jest dostępny?")
    expect(frame.locator(".own .state").last).to_have_text(READ)
    agent.keyboard.press("r")
    agent.keyboard.type("Tak, mamy 12 sztuk.")
    expect(frame.locator("#typing")).to_contain_text("Kasia")
    agent.keyboard.press("Control+Enter")

    expect(theirs(frame)).to_have_text("Tak, mamy 12 sztuk.")
    expect(thread.locator(".message--outbound")).to_contain_text("Read")
    say(frame, "Dziękuję!")
    expect(thread).to_contain_text("Dziękuję!")


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit()
    expect(bubble(page)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    frame = chat(page)
    expect(frame.locator("#text")).to_be_focused()
    expect(bubble(page)).to_have_attribute("aria-expanded", "true")

    page.keyboard.type("Dzień dobry")
    page.keyboard.press("Enter")
    expect(own(frame)).to_have_text("Dzień dobry")
    page.keyboard.press("Escape")

    expect(bubble(page)).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "bubble"


def test_answer_waits_behind_the_bubble(visit: Visit) -> None:
    page = visit()
    frame = opened(page)
    say(frame, "Halo?")
    expect(own(frame)).to_have_count(1)
    page.reload()
    expect(chat(page).locator("#log .message")).to_have_count(1)

    answer("Jesteśmy!")

    expect(page.locator("okienko-chat .badge")).to_have_text("1")
    expect(page.locator("okienko-chat .card .text")).to_have_text("Jesteśmy!")
    frame = opened(page)
    expect(theirs(frame)).to_have_text("Jesteśmy!")
    expect(page.locator("okienko-chat .badge")).to_be_hidden()


def test_title_of_the_page_counts_where_the_shop_wants_it(visit: Visit, channel: Channel) -> None:
    set_up(channel, title_badge=True)
    page = visit()
    title = page.title()
    frame = opened(page)
    say(frame, "Halo?")
    bubble(page).click()

    answer("Jesteśmy!")
    expect(page).to_have_title(f"(1) {title}")

    bubble(page).click()
    expect(page).to_have_title(title)


def test_two_tabs_are_one_conversation(visit: Visit, context: BrowserContext) -> None:
    sockets: list[str] = []
    context.on("page", lambda page: page.on("websocket", lambda socket: sockets.append(socket.url)))
    one, other = visit(), visit("/drugi")
    first, second = opened(one), opened(other)
    say(second, "Z drugiej karty")
    expect(own(second)).to_have_count(1)
    one.reload()
    first = opened(one)
    expect(own(first)).to_have_text("Z drugiej karty")

    say(first, "Z pierwszej")
    answer("Widzę obie")

    for frame in (first, second):
        expect(own(frame)).to_have_text(["Z drugiej karty", "Z pierwszej"])
        expect(theirs(frame)).to_have_text("Widzę obie")
    assert Message.objects.filter(direction="inbound").count() == 2


def test_where_sockets_are_blocked_the_chat_polls(visit: Visit, context: BrowserContext) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    context.route_web_socket(re.compile("/ws/chat/"), refuse)
    page = visit()
    frame = opened(page)
    say(frame, "Halo?")

    answer("Słyszymy się bez gniazd")

    expect(theirs(frame)).to_have_text("Słyszymy się bez gniazd")


def test_line_lost_while_sending(visit: Visit, context: BrowserContext, console: Watched) -> None:
    """The server has it, the acknowledgement does not arrive: sent again, stored once."""
    console.expected.append("ERR_")
    page = visit()
    frame = opened(page)
    say(frame, "Pierwsza")
    expect(own(frame)).to_have_count(1)
    page.reload()

    lost: list[str] = []

    def lose(socket: WebSocketRoute) -> None:
        line = socket.connect_to_server()
        socket.on_message(line.send)

        def hear(text: str | bytes) -> None:
            if "message.ack" in str(text) and not lost:
                lost.append(str(text))
                line.close()
                socket.close()
            elif not lost or len(lost) > 1 or "Druga" not in str(text):
                socket.send(text)

        line.on_message(hear)

    context.route_web_socket(re.compile("/ws/chat/"), lose)
    page.reload()
    frame = opened(page)
    expect(own(frame)).to_have_count(1)
    write(frame, "Druga")
    write(frame, "Trzecia")

    expect(own(frame)).to_have_text(["Pierwsza", "Druga", "Trzecia"], timeout=30_000)
    expect(frame.locator(".own .state").last).to_have_text(SENT, timeout=30_000)
    texts = Message.objects.order_by("pk").values_list("body_text", flat=True)
    assert list(texts) == ["Pierwsza", "Druga", "Trzecia"]


def test_blocked_storage(visit: Visit, context: BrowserContext) -> None:
    """The frame may store nothing: the shop's side keeps the token, and the history is there."""
    context.add_init_script(
        "if (window !== top) Object.defineProperty(window, 'localStorage',"
        " {get() { throw new DOMException('blocked', 'SecurityError'); }});"
    )
    page = visit()
    frame = opened(page)
    say(frame, "Zapamiętaj mnie")
    expect(own(frame)).to_have_count(1)

    page.reload()

    expect(own(opened(page))).to_have_text("Zapamiętaj mnie")


def test_shutdown_forgets_the_visitor(visit: Visit) -> None:
    page = visit()
    frame = opened(page)
    say(frame, "Tajne")
    expect(own(frame)).to_have_count(1)
    page.reload()

    page.evaluate("helpdesk('shutdown')")
    expect(chat(page).locator("#log .message")).to_have_count(0)
    frame = opened(page)

    expect(frame.locator("#composer")).to_be_visible()
    expect(own(frame)).to_have_count(0)
    say(frame, "Ktoś inny")
    expect(own(frame)).to_have_count(1)
    assert Ticket.objects.count() == 2


def test_forged_messages_are_dropped(visit: Visit, shop: str) -> None:
    """Neither the page itself nor a stranger's frame may speak for the loader or the chat."""
    page = visit()
    frame = opened(page)
    say(frame, "Halo?")
    expect(own(frame)).to_have_count(1)

    page.evaluate("postMessage({type: 'gone'}, '*')")
    for child in page.frames[1:]:
        child.evaluate("postMessage({type: 'shutdown'}, '*')")
    page.wait_for_timeout(300)

    expect(bubble(page)).to_be_visible()
    expect(own(frame)).to_have_count(1)
    assert page.frames[1].evaluate("document.documentElement.dataset.parent") == shop


def test_page_that_is_not_on_the_list(visit: Visit, channel: Channel, console: Watched) -> None:
    console.expected += ["403", "frame-ancestors", "chrome-error"]
    set_up(channel, origins=["https://sklep.example.pl"])
    page = visit()

    bubble(page).click()
    page.wait_for_timeout(500)

    assert chat(page).locator("#chat").count() == 0


def test_form_before_the_chat(visit: Visit, channel: Channel) -> None:
    set_up(channel, prechat=True, consent_required=True, consent_note="Zgadzam się na kontakt.")
    page = visit()
    frame = opened(page)
    expect(frame.locator("#intro-name")).to_be_focused()
    assert grave(page) == []

    frame.locator("#intro-name").fill("Anna Testowa")
    frame.locator("#intro-email").fill("anna@example.com")
    frame.locator("#intro-message").fill("Gdzie jest moja paczka?")
    frame.locator("#intro-form [type=submit]").click()
    expect(own(frame)).to_have_count(0)
    frame.locator("#intro-consent").check()
    frame.locator("#intro-form [type=submit]").click()

    expect(own(frame)).to_have_text("Gdzie jest moja paczka?")
    assert Ticket.objects.get().customer.name == "Anna Testowa"


def test_form_of_a_closed_shop(visit: Visit, channel: Channel) -> None:
    days = [timezone.localdate() + timedelta(days=number) for number in range(2)]
    CalendarVersion.objects.create(
        calendar=Calendar.objects.get(is_default=True),
        week=[[["00:00", "24:00"]]] * 7,
        holidays="",
        days={day.isoformat(): [] for day in days},
    )
    mailbox = make_channel(shop=channel.shop)
    page = visit()
    frame = opened(page)
    expect(frame.locator("#offline-form")).to_be_visible()
    frame.locator("#offline-name").fill("Jan")
    frame.locator("#offline-email").fill("jan@example.com")
    frame.locator("#offline-message").fill("Proszę o kontakt.")
    page.wait_for_timeout(2_000)
    frame.locator("#offline-form [type=submit]").click()

    expect(frame.locator("#thanks")).to_be_visible()
    assert Ticket.objects.get().channel == mailbox


def test_file_and_rating(visit: Visit, console: Watched) -> None:
    console.expected.append("415")
    page = visit()
    frame = opened(page)
    say(frame, "Przyszło uszkodzone")
    expect(own(frame)).to_have_count(1)
    frame.locator("#picker").set_input_files(
        {"name": "paragon.txt", "mimeType": "text/plain", "buffer": b"kubek 29,90"}
    )
    expect(frame.locator("#tray .remove")).to_be_visible()
    frame.locator("#picker").set_input_files(
        {"name": "a.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\0\0"}
    )
    expect(frame.locator("#notice")).to_be_visible()
    frame.locator("#send").click()
    expect(frame.locator(".own .file .name")).to_have_text("paragon.txt")
    answer("Wymienimy.")
    expect(theirs(frame)).to_have_count(1)
    solve()

    frame.locator("#rating button").last.click()

    expect(frame.locator("#rating")).to_be_hidden()
    expect(frame.locator("#notice")).to_have_text(re.compile("Thank you|Dziękujemy"))
    assert Ticket.objects.get().chat_rating.score == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 360])
def test_axe_and_small_screens(
    browser: Browser, shop: str, console: Watched, scheme: Any, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 740}, color_scheme=scheme, locale="pl-PL"
    )
    page = context.new_page()
    console.watch(page)
    page.goto(shop)
    frame = opened(page)
    say(frame, "Dzień dobry, gdzie jest moja paczka? https://example.com/" + "x" * 90)
    expect(own(frame)).to_have_count(1)
    answer("Jutro do 12:00.")
    expect(theirs(frame)).to_have_count(1)
    solve()
    expect(frame.locator("#rating")).to_be_visible()

    assert grave(page) == []
    inner = page.frames[1]
    assert inner.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert inner.evaluate("innerWidth") == (360 if width == 360 else 400)
    context.close()
