"""Hostile content where it is shown: nothing runs, is asked for, or leaves its frame."""

import base64
import itertools
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page

from accounts import keys
from accounts.models import User
from channels_ingest import journal
from channels_ingest.email.keeping import keep
from demo.standins import meta_events
from helpdesk import http
from tests.browser.conftest import SignedIn, Watched, elsewhere
from tests.browser.hostile import Canary, Listener, armed, listening, strings
from tests.channels_ingest.chat.conftest import ORIGIN, Visitor
from tests.factories import make_channel, make_ticket, make_user
from tickets.html import sanitize
from tickets.models import Channel, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

# Strings that swallow what follows them stand in few to a mail, the others in many.
SWALLOWING = {"script", "mutation", "comments", "page", "frames", "dangling"}
_MAILS_OF_A_TICKET = 25
_number = itertools.count(1)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as running:
        yield running


@pytest.fixture
def canary() -> Iterator[Canary]:
    bird = Canary()
    yield bird
    assert bird.sang == []


@pytest.fixture
def mailbox(transactional_db: None) -> Channel:
    return make_channel("email", settings={"address": "pomoc@sklep.example.pl"}, name="pomoc")


@pytest.fixture
def agent(transactional_db: None) -> User:
    return make_user(name="Ola Lis", language="en")


def mail(html: bytes, *, charset: str = "utf-8", re: str = "", subject: str = "Paczka") -> bytes:
    """A mail of Anna's with this HTML; `re` is the Message-ID it answers."""
    number = next(_number)
    lines = [
        "From: Anna <anna@example.com>",
        "To: pomoc@sklep.example.pl",
        f"Subject: {subject}",
        f"Message-ID: <zly-{number}@example.com>",
        *([f"In-Reply-To: {re}"] if re else []),
        "MIME-Version: 1.0",
        f"Content-Type: text/html; charset={charset}",
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(html).decode(),
    ]
    return "\r\n".join(lines).encode()


def take(channel: Channel, raw: bytes) -> Message:
    """The way of every mail: journal, parsing, storing."""
    event, _new = keep(channel, raw, source="imap")
    journal.process(event.pk)
    return Message.objects.select_related("ticket").get(inbound_event_id=event.pk)


def thread_of(channel: Channel, contents: list[bytes]) -> Ticket:
    """One ticket with all of them, each a mail."""
    first = take(channel, mail(contents[0]))
    for html in contents[1:]:
        answer = take(channel, mail(html, re=f"<{first.external_id}>"))
        assert answer.ticket == first.ticket
    return first.ticket


def bodies(listener: Listener) -> list[str]:
    found: list[str] = []
    for kind, lines in strings(listener.address).items():
        size = 4 if kind in SWALLOWING else 12
        found += (
            f"<p><b>{kind}</b></p>\n" + "\n".join(lines[start : start + size])
            for start in range(0, len(lines), size)
        )
    return found


def show_frames(page: Page) -> int:
    """Load every mail on the page, also those that wait for being scrolled to; their number."""
    page.evaluate("for (const f of document.querySelectorAll('iframe.mail')) f.loading = 'eager'")
    page.wait_for_function(
        """() => [...document.querySelectorAll('iframe.mail')].every((frame) => {
            const inside = frame.contentDocument;
            return inside && inside.URL !== 'about:blank' && inside.readyState === 'complete';
        })"""
    )
    return int(page.locator("iframe.mail").count())


def test_sanitised_strings_do_nothing_even_without_any_policy(
    browser: Browser, listener: Listener, canary: Canary
) -> None:
    """In a page that would let everything run, and after three more rounds of parsing."""
    clean = [sanitize(line) for lines in strings(listener.address).values() for line in lines]
    context = browser.new_context()
    canary.watch(context)
    page = context.new_page()
    page.set_content("<main></main>")

    page.evaluate(
        """(clean) => {
            for (const html of clean) {
                const place = document.createElement('div');
                document.querySelector('main').append(place);
                for (let round = 0; round < 3; round++) place.innerHTML = place.innerHTML + html;
            }
        }""",
        clean,
    )
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")
    page.wait_for_load_state("networkidle")

    assert [asked.path for asked in listener.asked] == []
    left = page.evaluate(
        """() => [...document.querySelectorAll('main *')].flatMap((element) =>
            [...element.attributes].map((a) => a.name)
                .filter((name) => /^(on.*|id|name|class)$/.test(name)))"""
    )
    assert left == []
    context.close()


def test_hostile_mail_in_the_workspace(
    mailbox: Channel, agent: User, listener: Listener, canary: Canary, open_as: SignedIn
) -> None:
    """All strings by mail: the thread, the list and the search show them, and nothing happens."""
    hostile = bodies(listener)
    tickets = [
        thread_of(mailbox, [html.encode() for html in hostile[start : start + _MAILS_OF_A_TICKET]])
        for start in range(0, len(hostile), _MAILS_OF_A_TICKET)
    ]
    page = open_as(agent, "/inbox/?view=open")
    canary.watch(page.context)
    shown = 0
    for ticket in tickets:
        page.goto(f"/inbox/{ticket.number}/")
        shown += show_frames(page)
        assert framed_alone(page)
    page.goto("/inbox/?q=paczka")
    page.goto("/inbox/?view=open")

    assert shown > 60
    assert [asked.path for asked in listener.asked] == []


ENCODED = {
    "utf-7": b"+ADw-img src+AD0-x onerror+AD0-RUN+AD4-",
    "iso-2022-jp": b"\x1b$B<img src=x onerror=RUN>\x1b(B<img src=x onerror=RUN>",
    "utf-16le": "<b>x</b><img src=x onerror=RUN>".encode("utf-16le"),
    "utf-32": "<b>x</b><img src=x onerror=RUN>".encode("utf-32"),
    "iso-8859-2": b"<b>\xb1</b><img src=x onerror=RUN>",
    "hz-gb-2312": b"~{<img src=x onerror=RUN>~}<b>x</b>",
    "x-unknown": b"<b>\xff\xfe</b><img src=x onerror=RUN>",
    "us-ascii": b"<b>x</b>\xbcimg src=x onerror=RUN\xbe",
    "x-imap4-modified-utf7": b"&ADw-img src=x onerror=RUN&AD4-<b>x</b>",
}
NESTED = """\
From: Anna <anna@example.com>
To: pomoc@sklep.example.pl
Subject: Fwd
Message-ID: <zly-nested@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

<img src=x onerror=RUN> <script>RUN</script>
--b
Content-Type: multipart/related; boundary=c

--c
Content-Type: text/html; charset=utf-8; name="<script>RUN</script>.html"

<b>x</b><img src=cid:svg@x><img src=x onerror=RUN><blockquote><script>RUN</script></blockquote>
--c
Content-Type: image/svg+xml; name=x.svg
Content-ID: <svg@x>
Content-Disposition: inline

<svg xmlns="http://www.w3.org/2000/svg" onload="RUN"><script>RUN</script></svg>
--c--
--b--
--a
Content-Type: message/rfc822

From: "<img src=x onerror=RUN>" <zly@example.com>
Subject: <script>RUN</script>
Content-Type: text/html; charset=utf-8

<b>forwarded</b><img src=LEAK/fwd.png><script>RUN</script>
--a
Content-Type: text/html; charset=utf-8
Content-Disposition: attachment; filename="x.html"

<script>RUN</script>
--a--
"""


def test_hostile_parts_and_charsets(
    mailbox: Channel, agent: User, listener: Listener, canary: Canary, open_as: SignedIn
) -> None:
    first = take(mailbox, armed(NESTED, listener.address).encode())
    for charset, html in ENCODED.items():
        raw = mail(html.replace(b"RUN", b"ran()"), charset=charset, re=f"<{first.external_id}>")
        assert take(mailbox, raw).ticket == first.ticket
    page = open_as(agent, f"/inbox/{first.ticket.number}/")
    canary.watch(page.context)

    assert show_frames(page) >= 1
    assert [asked.path for asked in listener.asked] == []


def test_mail_stays_inside_its_frame(
    mailbox: Channel, agent: User, canary: Canary, open_as: SignedIn
) -> None:
    """Overlays, huge boxes, labels and links of a mail take no point of the page around it."""
    html = (
        '<a href="https://example.com" style="position:fixed;inset:0;z-index:9999;'
        'width:100vw;height:100vh;display:block;background:red">'
        '<b style="font-size:9000px;margin:-4000px">X</b></a>'
        '<label for="composer" style="display:block;height:9000px">x</label>'
        '<p style="position:absolute;top:-900px;width:9000px;height:9000px">x</p>'
        "<style>:root,body,*{position:fixed;inset:0;background:red}</style>"
    )
    message = take(mailbox, mail(html.encode()))
    page = open_as(agent, f"/inbox/{message.ticket.number}/")
    canary.watch(page.context)
    show_frames(page)

    assert framed_alone(page)
    body = page.frame_locator("iframe.mail").locator("body")
    assert "layout" in body.evaluate("(body) => getComputedStyle(body).contain")
    assert body.evaluate("() => top.document.querySelector('iframe.mail').clientHeight") <= 20_000
    assert body.locator("[id], [name], [class], label, style").count() == 0


def framed_alone(page: Page) -> bool:
    """No point outside the frames of mails belongs to one."""
    return bool(
        page.evaluate(
            """() => {
                const frames = [...document.querySelectorAll('iframe.mail')];
                const boxes = frames.map((frame) => frame.getBoundingClientRect());
                for (let x = 5; x < innerWidth; x += 40)
                    for (let y = 5; y < innerHeight; y += 40) {
                        const inside = boxes.some((box) => x >= box.left && x <= box.right
                            && y >= box.top && y <= box.bottom);
                        if (!inside && frames.includes(document.elementFromPoint(x, y)))
                            return false;
                    }
                return true;
            }"""
        )
    )


def test_pictures_come_after_the_click_and_from_our_server(
    mailbox: Channel,
    agent: User,
    listener: Listener,
    canary: Canary,
    open_as: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One request, by the server, without cookies, address of the page, or name of the browser."""
    monkeypatch.setattr(http, "addresses", lambda *_place, **_how: ["127.0.0.1"])
    monkeypatch.setattr(http, "WEB_PORTS", {int(listener.address.rpartition(":")[2])})
    picture = f"{listener.address}/paczka.png?kto=anna"
    message = take(mailbox, mail(f'<p>Oto <img src="{picture}" width="40"></p>'.encode()))
    page = open_as(agent, f"/inbox/{message.ticket.number}/")
    canary.watch(page.context)
    show_frames(page)
    assert listener.asked == []

    page.get_by_role("button", name="Show them").click()
    image = page.frame_locator("iframe.mail").locator("img")
    image.evaluate("async (image) => { await image.decode(); }")
    page.reload()
    show_frames(page)

    [asked] = listener.asked
    assert asked.path == "/paczka.png?kto=anna"
    sent = {name.lower() for name in asked.headers}
    assert sent.isdisjoint({"cookie", "referer", "authorization", "x-forwarded-for", "origin"})
    assert asked.headers["User-Agent"] == http.USER_AGENT


def test_hostile_words_by_chat_messenger_and_api(
    agent: User, listener: Listener, canary: Canary, open_as: SignedIn
) -> None:
    """Channels of plain words: what looks like markup is shown as the words it is."""
    texts = [
        "\n".join(line[:900] for line in lines[start : start + 20])
        for lines in strings(listener.address).values()
        for start in range(0, len(lines), 20)
    ]
    third = len(texts) // 3
    elsewhere(_by_chat, texts[:third])
    elsewhere(_by_messenger, texts[third : 2 * third])
    elsewhere(_by_api, texts[2 * third :])
    page = open_as(agent, "/inbox/?view=open")
    canary.watch(page.context)
    for ticket in Ticket.objects.all():
        page.goto(f"/inbox/{ticket.number}/")
        show_frames(page)
        assert page.locator("#messages .message").count() >= 10
        if not page.locator("iframe.mail").count():
            assert "ran()" in (page.locator("#messages").text_content() or "")

    assert Ticket.objects.count() == 3
    assert [asked.path for asked in listener.asked] == []


def _by_chat(texts: list[str]) -> None:
    visitor = Visitor(make_channel("chat", settings={"origins": [ORIGIN]}))
    assert visitor.start().status_code == 200
    for number, text in enumerate(texts):
        cache.clear()  # the limit of messages a minute is not what is looked at
        assert visitor.say(text, f"zly-{number}").status_code == 200


def _by_messenger(texts: list[str]) -> None:
    channel = make_channel(
        "messenger",
        settings={"page_id": "100", "api_base": "http://127.0.0.1:9"},
        secrets={"app_secret": "x", "page_token": "x", "verify_token": "x"},
    )
    for text in texts:
        body = meta_events.batch(meta_events.text("100", "200", text))
        answer = Client().post(
            f"/hooks/messenger/{channel.public_id}/",
            body,
            content_type="application/json",
            headers={"X-Hub-Signature-256": meta_events.signature(body, "x")},
        )
        assert answer.status_code == 200


def _by_api(texts: list[str]) -> None:
    ticket = make_ticket()
    _key, text = keys.create(make_user("admin"), name="shop")
    for words in texts:
        answer = Client().post(
            f"/api/v1/tickets/{ticket.number}/messages/",
            {"direction": "note", "body_text": words, "body_html": words},
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )
        assert answer.status_code == 201, answer.content


def test_pages_take_no_script_from_text(agent: User, open_as: SignedIn, console: Watched) -> None:
    console.expected.append("TrustedScript")
    page = open_as(agent, "/inbox/")

    for sink in ["text = '1'", "src = 'https://example.com/x.js'"]:
        script = f"document.createElement('script').{sink}"
        assert page.evaluate(f"() => {{ try {{ {script}; }} catch {{ return true; }} }}"), sink


def test_nothing_is_fetched_when_mail_comes(mailbox: Channel, listener: Listener) -> None:
    for html in bodies(listener)[::6]:
        take(mailbox, mail(html.encode()))

    assert listener.asked == []
