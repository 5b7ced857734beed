"""Files that people send: fetched at once, under the guard of the one fetcher."""

from typing import Any

import pytest

from channels_ingest import files
from demo.standins import meta
from tickets import attaching
from tickets.models import Attachment

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture
def send_file(write):
    """A person sends a file that lies at this address; returns what we have of it."""

    def call(url: str, kind: str = "image", **payload: Any) -> Attachment:
        attachment = {"type": kind, "payload": {"url": url, **payload}}
        message = write("", attachments=[attachment])
        return Attachment.objects.get(message=message)

    return call


def test_picture_is_stored_and_its_address_forgotten(send_file, graph, api_base):
    graph.files["/cdn/kubek.jpg"] = meta.Answer(200, PNG, {"Content-Type": "text/html"})

    file = send_file(f"{api_base}/cdn/kubek.jpg?oe=TOKEN")

    assert file.state == Attachment.State.STORED
    assert (file.name, file.content_type, file.source_url) == ("kubek.jpg", "image/png", "")
    assert attaching.read(file) == PNG


def test_expired_link_is_tried_again_and_then_given_up(send_file, graph, api_base):
    graph.files["/cdn/kubek.jpg"] = meta.Answer(403, b"URL signature expired")
    file = send_file(f"{api_base}/cdn/kubek.jpg")
    assert file.state == Attachment.State.WAITING

    for _time in range(4):
        files.fetch(file.pk)

    file.refresh_from_db()
    assert (file.state, file.source_url) == (Attachment.State.FAILED, "")


def test_too_large_a_file_is_not_kept(send_file, graph, api_base, monkeypatch):
    monkeypatch.setattr(files, "_MOST_BYTES", 1_000)
    graph.files["/cdn/film.mp4"] = meta.Answer(200, b"0" * 2_000)

    assert send_file(f"{api_base}/cdn/film.mp4", "video").state == Attachment.State.WAITING


@pytest.mark.parametrize("way", ["directly", "by a redirect"])
def test_other_places_of_the_own_network_are_never_asked(send_file, graph, api_base, way):
    inside = meta.Graph(list)
    inside.files["/secret"] = meta.Answer(200, b"secret")
    asked: list[object] = []
    inside.files = _Spy(inside.files, asked)
    with meta.serve(inside) as port:
        target = f"http://127.0.0.1:{port}/secret"
        graph.files["/cdn/kubek.jpg"] = meta.Answer(302, b"", {"Location": target})
        url = target if way == "directly" else f"{api_base}/cdn/kubek.jpg"

        file = send_file(url)

    assert asked == []
    assert file.state == Attachment.State.WAITING


def test_only_named_hosts_are_asked_where_the_admin_names_some(send_file, channel, graph, api_base):
    channel.connection.settings["media_hosts"] = "fbcdn.net\nfbsbx.com"
    channel.connection.save()
    graph.files["/cdn/kubek.jpg"] = meta.Answer(200, PNG)

    assert send_file("https://example.com/kubek.jpg").state == Attachment.State.FAILED
    assert send_file("https://fbcdn.net.example.com/k.jpg").state == Attachment.State.FAILED
    assert send_file("https://scontent.fbcdn.net/k.jpg").state == Attachment.State.WAITING
    assert send_file(f"{api_base}/cdn/kubek.jpg").state == Attachment.State.STORED


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "javascript:alert(1)", "gopher://x", "http://[::1", None, 7]
)
def test_address_that_is_none_of_the_web_is_told_of_and_not_fetched(write, url):
    attachment = {"type": "image", "payload": {"url": url}}

    message = write("Zobacz", attachments=[attachment])

    assert message.body_text.startswith("Zobacz\n[")
    assert not message.attachments.exists()


@pytest.mark.parametrize(
    "attachment",
    [
        {},
        {"type": "future_kind", "payload": {"url": "https://cdn.example.com/x"}},
        {"type": "image"},
        {"type": "template", "payload": {"elements": []}},
        {"type": "location", "payload": {}},
        {"type": "fallback", "url": "javascript:alert(1)"},
    ],
)
def test_attachment_of_an_unknown_form_is_told_of(write, attachment):
    assert write("", attachments=[attachment]).body_text.startswith("[")


def test_booking_is_told_in_words(write):
    payload = {"booking_id": "1", "status": "confirmed", "start_time": "10:00", "end_time": "11:00"}

    message = write("", attachments=[{"type": "appointment_booking", "payload": payload}])

    assert "confirmed" in message.body_text
    assert message.context["booking"] == payload


def test_sticker_of_the_old_form_is_a_sticker(send_file, graph, api_base):
    graph.files["/cdn/s.png"] = meta.Answer(200, PNG)

    file = send_file(f"{api_base}/cdn/s.png", sticker_id=369239263222822)

    assert (file.mark, file.name) == ("sticker", "sticker-369239263222822")


class _Spy(dict[str, meta.Answer]):
    """Notes what was looked for."""

    def __init__(self, content: dict[str, meta.Answer], asked: list[object]) -> None:
        super().__init__(content)
        self.asked = asked

    def __contains__(self, name: object) -> bool:
        self.asked.append(name)
        return super().__contains__(name)
