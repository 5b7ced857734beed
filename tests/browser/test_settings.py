"""The settings as an admin sees them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts import audit, inviting, keys
from accounts.models import Role, User
from channels_ingest import journal
from channels_ingest.models import Connection, InboundEvent
from tests.factories import make_channel, make_shop, make_user
from tests.servers import ImapServer, SmtpSink
from tickets.models import Channel, Reason, Tag

PASSWORD = "correct horse battery"
SECTIONS = [
    "",
    "channels/",
    "channels/new/",
    "channels/new/chat/",
    "shops/",
    "shops/new/",
    "users/",
    "users/invite/",
    "teams/",
    "teams/support/",
    "tags/",
    "reasons/",
    "calendars/",
    "calendars/new/",
    "sla/",
    "rules/",
    "rules/new/",
    "sla/new/",
    "keys/",
    "keys/new/",
    "journal/",
    "outbox/",
    "health/",
    "audit/",
    "profile/",
]


@pytest.fixture
def admin(transactional_db: None) -> User:
    return make_user("admin", email="anna@example.com", name="Anna Kowalska", language="en")


@pytest.fixture
def signed_in(page: Page, live_server: Any, admin: User, quiet: list[str]) -> Page:
    page.goto(f"{live_server.url}/accounts/login/?next=/settings/")
    page.locator("[name=login]").fill(admin.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    expect(page).to_have_url(f"{live_server.url}/settings/")
    return page


@pytest.fixture
def something_everywhere(admin: User) -> Channel:
    """A row for each list, so that no page is checked while it is empty."""
    shop = make_shop("swieca", name="Świeca i knot")
    channel = make_channel("chat", shop=shop, settings={"origins": ["https://sklep.example.pl"]})
    Connection.objects.filter(channel=channel).update(state="error", error="No answer")
    Tag.objects.create(slug="hurt", name="Hurt")
    Reason.objects.create(slug="zwrot", name="Zwrot", active=False)
    inviting.invite("jan@example.com", role=Role.AGENT, by=admin)
    keys.create(admin, name="Shop")
    audit.record("tag.changed", by=admin, before={"name": "a"}, after={"name": "b"})
    event, _new = journal.keep("chat", str(channel.public_id), "message:1", b"?", channel=channel)
    InboundEvent.objects.filter(pk=event.pk).update(state="dead", reason="Malformed: " + "x" * 99)
    return channel


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_every_page_is_usable(
    signed_in: Page,
    live_server: Any,
    something_everywhere: Channel,
    hold_to_axe: Callable[[], None],
    width: int,
    scheme: Any,
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 800})
    signed_in.emulate_media(color_scheme=scheme)
    of_channel = f"channels/{something_everywhere.public_id}/"
    of_event = f"journal/{InboundEvent.objects.get().pk}/"

    for section in [*SECTIONS, of_channel, f"{of_channel}edit/", of_event]:
        signed_in.goto(f"{live_server.url}/settings/{section}")
        hold_to_axe()
        assert signed_in.evaluate("document.documentElement.scrollWidth") == width, section


def test_chat_is_connected_after_a_mistake(
    signed_in: Page, live_server: Any, hold_to_axe: Callable[[], None]
) -> None:
    make_shop(name="Świeca i knot")
    signed_in.goto(f"{live_server.url}/settings/channels/new/")
    signed_in.get_by_role("link", name="Chat").click()
    signed_in.get_by_role("button", name="Check and save").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("Add the address of the shop")
    hold_to_axe()

    signed_in.get_by_label("Addresses of the shop's pages").fill("https://sklep.example.pl")
    signed_in.get_by_role("button", name="Check and save").click()

    expect(signed_in.get_by_text("The widget is ready").first).to_be_visible()
    expect(signed_in.locator(".copy code")).to_contain_text(
        re.compile(r"/widget/[0-9a-f-]{36}\.js")
    )


def test_role_is_changed_after_the_password_is_given_again(
    signed_in: Page, live_server: Any
) -> None:
    agent = make_user(name="Ola Wójcik")
    signed_in.goto(f"{live_server.url}/settings/users/")
    signed_in.get_by_role("link", name="Ola Wójcik").click()
    signed_in.get_by_label("Role").select_option("supervisor")
    signed_in.get_by_role("button", name="Save").click()
    signed_in.locator("[name=password]").fill(PASSWORD)
    signed_in.get_by_role("button", name="Confirm").click()

    expect(signed_in.get_by_text("Saved.")).to_be_visible()
    agent.refresh_from_db()
    assert agent.role == Role.SUPERVISOR


def test_mailbox_is_connected_with_a_wrong_password_first(
    signed_in: Page,
    live_server: Any,
    imap_server: ImapServer,
    smtp_sink: SmtpSink,
    hold_to_axe: Callable[[], None],
) -> None:
    make_shop(name="Świeca i knot")
    for number in range(3):
        imap_server.append(f"From: a@example.com\r\nSubject: {number}\r\n\r\nx\r\n".encode())
    signed_in.goto(f"{live_server.url}/settings/channels/new/email/")
    signed_in.get_by_text("More settings").click()
    typed = imap_server.settings(imap_password="wrong") | smtp_sink.settings()
    for name, value in typed.items():
        field = signed_in.locator(f"[name={name}]")
        field.select_option(value) if name.endswith("security") else field.fill(str(value))
    save = signed_in.get_by_role("button", name="Check and save")

    save.click()
    expect(signed_in.get_by_role("alert")).to_be_visible()
    hold_to_axe()
    assert not Channel.objects.exists()
    password = signed_in.locator("[name=imap_password]")
    expect(password).to_have_value("wrong")
    password.fill(imap_server.password)
    save.click()

    found = signed_in.get_by_text("Connected: 3 new messages in the mailbox.").first
    expect(found).to_be_visible()
    assert Connection.objects.get().secrets == imap_server.secrets
    assert imap_server.password not in signed_in.content()


def test_hours_of_a_day_are_added_and_drawn(
    signed_in: Page, live_server: Any, hold_to_axe: Callable[[], None]
) -> None:
    signed_in.goto(f"{live_server.url}/settings/calendars/new/")
    signed_in.get_by_label("Name").fill("Infolinia")
    saturday = signed_in.get_by_role("group", name="Saturday")
    saturday.get_by_role("button", name="Hours").click()
    saturday.get_by_label("From").fill("10:00")
    saturday.get_by_label("To").fill("14:00")
    saturday.get_by_label("To").blur()

    week = signed_in.get_by_role("img", name=re.compile("Mon-Fri 8-16, Sat 10-14"))
    expect(week).to_be_visible()
    hold_to_axe()
    signed_in.get_by_role("button", name="Save").click()

    expect(signed_in.get_by_role("row", name=re.compile("Infolinia"))).to_contain_text("Sat 10-14")
