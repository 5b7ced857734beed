"""Hostile names, subjects and files: every page that shows them, every mail that carries them."""

import contextlib
import re
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, expect
from playwright.sync_api import Error as BrowserError

from accounts.models import User
from channels_ingest import delivering
from history.recording import Actor
from tests.access.outcomes import IN
from tests.access.scene import PNG, Scene
from tests.access.table import PAGES
from tests.access.test_matrix import address_of
from tests.browser.conftest import SignedIn, Watched, elsewhere
from tests.browser.hostile import Canary
from tests.browser.test_hostile import canary, mail, take  # noqa: F401  (a fixture)
from tests.factories import make_channel, make_user
from tests.servers import SmtpSink
from tickets import attaching, replying
from tickets.models import Attachment, Message
from tickets.replying import Draft

pytestmark = pytest.mark.django_db(transaction=True)

EVIL = "\"><svg onload=ran()>'><img src=x onerror=ran()>{{7*7}}"
_SHORTEST = 20
# What no stranger's text gets into: made by us, or checked against a list when it is written.
_OURS = re.compile(
    r"(^|_)(hash|key|keys|token|code|kind|slug|ref|secret|password|language|timezone|locale|sealed"
    r"|currency|sha256|email|account|reader|body_html|search|state|status|mac|cursor|codename"
    r"|content_type|model|app_label|action|metric|prefix|algorithm|visitor|ip|type|source|value)$"
)


def spoil() -> set[str]:
    """Put the payload into every free text of every row; the names of the fields that took it."""
    spoilt = set()
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if _takes_text(field) and _filled(model, field):
                spoilt.add(f"{model._meta.label_lower}.{field.name}")
    return spoilt


def _takes_text(field: "models.Field[Any, Any]") -> bool:
    if not isinstance(field, models.CharField | models.TextField) or field.choices:
        return False
    return not (_OURS.search(field.name) or 0 < (field.max_length or 0) < _SHORTEST)


def _filled(model: type[models.Model], field: "models.Field[Any, Any]") -> bool:
    text = EVIL[: field.max_length] if field.max_length else EVIL
    try:
        with transaction.atomic():
            return bool(model._default_manager.update(**{field.name: text}))
    except Error:
        return False  # unique, append-only, or held to a form by the database


def test_hostile_fields_on_every_page(
    open_as: SignedIn,
    canary: Canary,  # noqa: F811
    console: Watched,
) -> None:
    scene = elsewhere(Scene)
    Message.objects.update(
        context={"page": {"url": "javascript:ran()", "title": EVIL, "referrer": EVIL}}
    )
    addresses = [
        address_of(name, row, scene)
        for name, row in PAGES.items()
        if not name.endswith("*") and row.rule["admin"] == IN
    ]
    spoilt = spoil()
    assert {
        "tickets.ticket.subject",
        "crm.customer.name",
        "tickets.attachment.name",
        "tickets.channel.name",
        "accounts.user.name",
    } <= spoilt
    admin = scene.users["admin"]
    reader = Client()
    reader.cookies[settings.SESSION_COOKIE_NAME] = scene.cookies["admin"]
    pages = [path for path in addresses if _is_page(reader, path)]
    page = open_as(admin, "/inbox/")
    canary.watch(page.context)
    # The preview shows the widget, whose frame has a policy of its own.
    console.expected += ["chat", "widget", "favicon"]
    for path in pages:
        page.goto(path, wait_until="domcontentloaded")
        hot = "a[href^='javascript:' i], svg[onload], img[onerror]"
        assert page.locator(hot).count() == 0, path

    assert len(pages) > 40


def _is_page(client: Client, path: str) -> bool:
    response = client.get(path)
    return response.status_code == 200 and response["Content-Type"].startswith("text/html")


def test_hostile_words_in_the_mails_that_go_out(
    smtp_sink: SmtpSink,
    browser: Browser,
    canary: Canary,  # noqa: F811
) -> None:
    """What customers wrote is quoted to them, and no template reads it."""
    mailbox = make_channel(
        settings={"address": "pomoc@sklep.example.pl", **smtp_sink.settings()}, name="pomoc"
    )
    message = take(
        mailbox,
        mail(
            f"<p>{EVIL} {{{{ ticket.__class__ }}}}</p><script>ran()</script>".encode(), subject=EVIL
        ),
    )
    agent = make_user(name="Ola")
    answer = replying.reply(
        message.ticket, Draft(f"Hej {EVIL}"), by=Actor("agent", agent.pk), user=agent
    )
    for delivery in answer.deliveries.all():
        delivery.not_before, delivery.next_attempt_at = None, timezone.now()
        delivery.save()
        elsewhere(delivering.deliver, delivery.pk)
        delivery.refresh_from_db()
        assert delivery.state == "sent", delivery.error
    sent = smtp_sink.wait_for(1)
    page = browser.new_page()
    canary.watch(page.context)
    for one in sent:
        letter = message_from_bytes(one.content, policy=policy.default)
        assert "{{7*7}}" in str(letter["Subject"])
        body = letter.get_body(("html",))
        assert body
        written = body.get_content()
        assert "49" not in written
        assert "<class" not in written
        page.set_content(written)
    page.close()


ACTIVE = {
    "rysunek.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='ran()'/>",
    "strona.html": b"<!doctype html><script>ran()</script>",
    "obraz.png": b"<!doctype html><script>ran()</script>",
    "strona.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>ran()</script></html>",
    "dane.xml": b"<?xml version='1.0'?><?xml-stylesheet href='#x' type='text/xsl'?><x/>",
    "dokument.pdf": b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "pismo.txt": b"<script>ran()</script>",
    "skrypt.js": b"ran()",
    "poliglota.gif": b"GIF89a/*" + b"\0" * 20 + b"*/=1;ran()",
    "arkusz.css": b"*{background:url(http://example.com)}",
    "list.eml": b"Content-Type: text/html\n\n<script>ran()</script>",
    "strona.mhtml": b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<script>ran()</script>",
    "x.html;.png": b"<svg onload=ran()>",
    '"><img src=x onerror=ran()>.png': PNG,
}


@pytest.fixture
def agent(transactional_db: None) -> User:
    return make_user(name="Ola Lis", language="en")


@pytest.fixture
def files(agent: User) -> list[Attachment]:
    return [attaching.upload(content, name, user=agent) for name, content in ACTIVE.items()]


def test_active_files_come_as_downloads(
    files: list[Attachment],
    agent: User,
    open_as: SignedIn,
    canary: Canary,  # noqa: F811
    console: Watched,
) -> None:
    """Opened from the address bar, in a frame and as an image, by whoever may read them."""
    # What the browser's own page around a picture asks for.
    console.expected += ["inline style", "favicon"]
    page = open_as(agent, "/inbox/")
    canary.watch(page.context)
    reader = Client()
    reader.force_login(agent)
    for file in files:
        path = reverse("inbox:attachment", args=[file.public_id])
        for query in ("", "?inline"):
            head = reader.get(path + query).headers
            assert head["X-Content-Type-Options"] == "nosniff"
            assert head["Content-Security-Policy"] == "sandbox; default-src 'none'"
            kind = head["Content-Type"].partition(";")[0]
            inline = head["Content-Disposition"].startswith("inline")
            assert not inline or kind in {"image/png", "image/gif"}, file.name
            if inline:
                page.goto(path + query)
            else:
                with page.expect_download() as download, contextlib.suppress(BrowserError):
                    page.goto(path + query)  # which never comes to an end: it is a download
                download.value.cancel()
    expect(page.locator("body")).to_be_attached()
