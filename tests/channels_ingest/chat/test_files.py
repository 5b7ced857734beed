"""Visitors' files: what they are is decided by content; they are drawn again and served tamely."""

import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from channels_ingest.chat import serving
from channels_ingest.chat.problems import Problem
from tests.channels_ingest.chat.conftest import Visitor, fixture
from tickets import attaching
from tickets.models import Attachment, Message, Ticket


@pytest.fixture
def talking(visitor: Visitor) -> Visitor:
    """A visitor with a conversation, since files need one."""
    visitor.say("Dzień dobry", "c-0")
    return visitor


def picture(format_name: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#2f5fd0").save(out, format_name, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "my kitchen"
    exif[0x0112] = 6  # turned by 90 degrees
    exif.get_ifd(0x8825)[2] = (52.0, 13.0, 0.0)
    return picture(exif=exif)


def test_photo_is_sent_without_its_place(talking: Visitor) -> None:
    """09: the picture arrives upright, without EXIF; its name and size as the visitor sees them."""
    case = fixture("09")["ok"]
    stored = talking.upload(case["filename"], case["mime"], photo_with_place())
    assert stored.status_code == 201
    info = stored.json()

    ack = talking.say("", "c-1", attachments=[info["id"]])

    assert ack.status_code == 200
    attachment = Attachment.objects.get()
    assert attachment.message == Message.objects.latest("pk")
    assert (attachment.name, attachment.content_type) == ("paczka.jpg", "image/jpeg")
    with Image.open(io.BytesIO(attaching.read(attachment))) as image:
        assert not image.getexif()
        assert image.size == (40, 60)
    assert b"my kitchen" not in attaching.read(attachment)
    shown = talking.get("events/?after=1").json()["events"][0]["attachments"]
    assert [file["name"] for file in shown] == ["paczka.jpg"]


@pytest.mark.parametrize(
    ("case", "content"),
    [
        ("bad_type", b"MZ" + b"\0" * 998),
        ("mime_mismatch", b"<!doctype html><script>alert(1)</script>"),
    ],
)
def test_refused_by_content(talking: Visitor, case: str, content: bytes) -> None:
    """09: stable codes, whatever the file is called."""
    asked = fixture("09")[case]

    response = talking.upload(asked["filename"], asked["mime"], content)

    assert response.status_code == asked["expect"]["status"]
    assert response.json()["code"] == asked["expect"]["code"]
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "content_type", "content"),
    [
        ("rysunek.svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'),
        ("strona.html", "text/html", b"<html></html>"),
        ("zdjecie.png", "image/png", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("notatka.txt", "text/plain", b"<script>alert(1)</script>"),
        ("zdjecie.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"broken" * 20),
        ("zdjecie.jpg", "image/jpeg", picture("PNG")),
    ],
)
def test_active_and_broken_files_are_refused(
    talking: Visitor, name: str, content_type: str, content: bytes
) -> None:
    response = talking.upload(name, content_type, content)

    assert response.status_code == 415
    assert not Attachment.objects.exists()


def test_too_large(talking: Visitor) -> None:
    """09: refused by size, before the type is looked at."""
    case = fixture("09")["too_big"]

    response = talking.upload(case["filename"], case["mime"], b"\0" * (10 * 1024 * 1024 + 1))

    assert response.status_code == case["expect"]["status"]
    assert response.json()["code"] == case["expect"]["code"]


def test_picture_bomb_is_not_drawn() -> None:
    with pytest.raises(Problem) as refused:
        serving._drawn_again(picture("PNG", (9_000, 9_000)), "image/png")
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("format_name", ["PNG", "GIF", "WEBP"])
def test_other_pictures_survive(format_name: str) -> None:
    content_type = f"image/{format_name.lower()}"

    drawn = serving._drawn_again(picture(format_name), content_type)

    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.size) == (format_name, (60, 40))


def test_moving_picture_keeps_moving() -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    with Image.open(io.BytesIO(serving._drawn_again(out.getvalue(), "image/gif"))) as image:
        assert getattr(image, "n_frames", 1) == 3


def test_upload_needs_a_conversation(visitor: Visitor) -> None:
    response = visitor.upload("a.jpg", "image/jpeg", picture())

    assert (response.status_code, response.json()["code"]) == (422, "conversation_required")


def test_name_cannot_lie_about_the_type(talking: Visitor) -> None:
    info = talking.upload("../../faktura.exe", "", picture()).json()

    assert info["name"] == "faktura.exe.jpg"


def test_address_of_a_file_is_signed_and_ends(talking: Visitor) -> None:
    info = talking.upload("paczka.jpg", "image/jpeg", picture()).json()
    anybody = Client()

    response = anybody.get(info["url"])
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert not response.cookies

    start, public_id, until, signature = info["url"].strip("/").rsplit("/", 3)
    later = f"/{start}/{public_id}/{int(until) + 1}/{signature}/"
    assert anybody.get(later).status_code == 404
    other = f"/{start}/{Attachment.objects.get().public_id.int:032x}/{until}/{signature[:-1]}a/"
    assert anybody.get(other).status_code == 404


def test_other_files_are_downloads(talking: Visitor) -> None:
    info = talking.upload("paragon.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n").json()

    response = Client().get(info["url"])

    assert response.headers["Content-Disposition"] == 'attachment; filename="paragon.pdf"'


def test_another_visitors_file_cannot_be_sent(talking: Visitor, new_visitor: Any) -> None:
    info = talking.upload("paczka.jpg", "image/jpeg", picture()).json()

    response = new_visitor().say("moje?", "c-9", attachments=[info["id"]])

    assert (response.status_code, response.json()["code"]) == (422, "field_invalid")
    assert Ticket.objects.count() == 1
