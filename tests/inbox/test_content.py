"""Mails in their frames, remote pictures, files."""

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from helpdesk import http
from inbox import mailbody
from tests.factories import make_channel, make_incoming
from tickets import attaching, receiving, revising
from tickets.incoming import File, Removal
from tickets.models import Attachment, Message

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
HTML = (
    '<p>Dzień <b>dobry</b></p><img src="https://sledzi.example/foto.png" width="200">'
    '<p>Zobacz <a href="https://zle.example/x">https://bank.example</a></p>'
    "<blockquote><p>było</p><blockquote>jeszcze wcześniej</blockquote></blockquote>"
)


def _mail(mailbox, html: str = HTML, **fields) -> Message:
    return receiving.receive(make_incoming(mailbox, body_html=html, **fields))


def _body(client: Client, message: Message, query: str = "") -> str:
    address = reverse("inbox:message-body", args=[message.public_id])
    return client.get(address + query).content.decode()


def test_frame_has_its_own_policy_and_no_scripts(agent_client, mailbox):
    message = _mail(mailbox)

    response = agent_client.get(reverse("inbox:message-body", args=[message.public_id]))

    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'"
    )
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    page = agent_client.get(reverse("inbox:ticket", args=[message.ticket.number]))
    assert (
        'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"'
        in page.content.decode()
    )


def test_pictures_from_elsewhere_wait_for_the_agents_word(agent_client, mailbox):
    message = _mail(mailbox)

    assert ' src="https://sledzi.example' not in _body(agent_client, message)
    shown = _body(agent_client, message, "?images=1")
    assert ' src="https://sledzi.example' not in shown
    assert reverse("inbox:message-image", args=[message.public_id]) in shown


def test_words_of_a_picture_cannot_become_its_attributes(agent_client, mailbox):
    html = (
        '<img src="https://sledzi.example/foto.png" alt="a data-remote-src= style=position:fixed">'
    )

    body = _body(agent_client, _mail(mailbox, html))

    assert 'alt="a data-remote-src= style=position:fixed"' in body


def test_quotes_are_folded_once(agent_client, mailbox):
    body = _body(agent_client, _mail(mailbox))

    assert body.count("<details>") == 1
    assert body.index("<details>") < body.index("było")


def test_link_to_another_place_than_it_says_is_named(agent_client, mailbox):
    html = (
        '<a href="https://zle.example/x"><b>bank</b>.example</a> '
        '<a href="https://www.ok.pl/a">ok.pl</a>'
    )

    body = _body(agent_client, _mail(mailbox, html))

    assert body.count("true-host") == 2  # the style and the one link
    assert "zle.example)" in body


def test_picture_of_the_mail_stands_in_its_place(agent_client, mailbox):
    message = _mail(mailbox, '<p>Oto <img src="cid:foto@x"> i <img src="cid:brak"></p>')
    file = attaching.upload(PNG, "foto.png")
    Attachment.objects.filter(pk=file.pk).update(message=message, content_id="foto@x", inline=True)

    body = _body(agent_client, message)

    assert f'src="{reverse("inbox:attachment", args=[file.public_id])}?inline"' in body
    assert "cid:" not in body


def test_mail_without_formatting_needs_no_frame(mailbox):
    assert not mailbody.needs_frame(_mail(mailbox, "<div>Dzień dobry<br>Anna</div>"))
    assert mailbody.needs_frame(_mail(mailbox, "<p><b>Dzień</b> dobry</p>"))


@pytest.fixture
def fetched(monkeypatch) -> list[str]:
    """Addresses that the proxy asked for; each answers with a picture."""
    asked: list[str] = []

    def fetch(url: str, **_options: object) -> http.Answer:
        asked.append(url)
        return http.Answer(200, httpx.Headers({"content-type": "text/html"}), PNG)

    monkeypatch.setattr(http, "fetch", fetch)
    return asked


def test_proxy_hands_out_a_picture(agent_client, mailbox, fetched):
    message = _mail(mailbox)

    response = agent_client.get(mailbody.proxied(message, "https://sledzi.example/foto.png"))

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert fetched == ["https://sledzi.example/foto.png"]


def test_proxy_fetches_nothing_that_is_not_signed_for_this_mail(agent_client, mailbox, fetched):
    message, other = _mail(mailbox), _mail(mailbox)
    address = reverse("inbox:message-image", args=[message.public_id])
    foreign = mailbody.proxied(other, "https://sledzi.example/foto.png").split("?")[1]

    for query in ["", "?u=https://sledzi.example/foto.png", f"?{foreign}"]:
        assert agent_client.get(address + query).status_code == 404
    assert fetched == []


def test_proxy_hands_out_nothing_but_pictures(agent_client, mailbox, monkeypatch):
    answer = http.Answer(200, httpx.Headers({"content-type": "image/png"}), b"<svg onload=x>")
    monkeypatch.setattr(http, "fetch", lambda _url, **_options: answer)

    assert (
        agent_client.get(mailbody.proxied(_mail(mailbox), "https://a.example/b")).status_code == 404
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379/", "http://169.254.169.254/latest/"])
def test_proxy_never_asks_private_addresses(url, agent_client, mailbox):
    # Private hosts are allowed in tests; addresses out of mails never get that.
    assert agent_client.get(mailbody.proxied(_mail(mailbox), url)).status_code == 404


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "obraz.png"),
        (b"<html><script>alert(1)</script></html>", "obraz.png"),
        (b"%PDF-1.4 ...", "plik.pdf"),
    ],
)
def test_active_files_are_downloads(content, name, agent, agent_client):
    file = attaching.upload(content, name, user=agent)

    response = agent_client.get(reverse("inbox:attachment", args=[file.public_id]) + "?inline")

    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_picture_is_shown_in_place_when_asked(agent, agent_client):
    file = attaching.upload(PNG, "zażółć\u202e.png", user=agent)
    address = reverse("inbox:attachment", args=[file.public_id])

    assert agent_client.get(address).headers["Content-Disposition"].startswith("attachment")
    inline = agent_client.get(address + "?inline").headers["Content-Disposition"]
    assert inline == "inline; filename*=UTF-8''za%C5%BC%C3%B3%C5%82%C4%87.png"


def test_what_the_customer_took_back_is_gone(agent_client):
    """Its words are neither found nor shown in the list, its file is handed out no more."""
    channel = make_channel("messenger")
    kept = receiving.receive(make_incoming(channel, body_text="Dzień dobry"))
    incoming = make_incoming(
        channel, body_text="Numer karty 4111", files=(File("karta.png", content=PNG),)
    )
    message = receiving.receive(incoming)
    address = reverse("inbox:attachment", args=[message.attachments.get().public_id])
    found = reverse("inbox:list") + "?view=open&q=karty"
    assert agent_client.get(address).status_code == 200
    assert "4111" in agent_client.get(found).content.decode()

    revising.remove(Removal(channel.pk, incoming.external_id, timezone.now()))

    assert agent_client.get(address).status_code == 404
    body = reverse("inbox:message-body", args=[message.public_id])
    assert agent_client.get(body).status_code == 404
    assert "4111" not in agent_client.get(found).content.decode()
    message.ticket.refresh_from_db()
    assert message.ticket.preview == "Dzień dobry" == kept.body_text
