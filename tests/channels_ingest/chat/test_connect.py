"""The widget's settings, and what the shop's page gets of them."""

import gzip
import json
import math
import re

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client

from channels_ingest.chat import widgets
from channels_ingest.chat.connect import SettingsForm, check
from channels_ingest.chat.hours import HoursField
from channels_ingest.chat.widgets import PRECHAT_FIELDS
from channels_ingest.models import Connection
from tests.channels_ingest.chat.conftest import fixture
from tickets.models import Channel

DIST = settings.BASE_DIR / "static" / "dist" / "widget"


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def test_loader_fits_its_budget(channel: Channel) -> None:
    """4 KB gzipped, config and all."""
    response = Client().get(f"/widget/{channel.public_id}.js")

    assert response.headers["Content-Type"].startswith("text/javascript")
    assert packed(response.content) <= 4096
    assert re.search(r"\beval\(|innerHTML|new Function", response.content.decode()) is None


def test_chat_fits_its_budget() -> None:
    """25 KB gzipped, script and style."""
    assert sum(packed((DIST / name).read_bytes()) for name in ("app.js", "app.css")) <= 25 * 1024
    assert b"innerHTML" not in (DIST / "app.js").read_bytes()


def test_frame_asks_nobody_else(channel: Channel) -> None:
    page = Client().get(f"/widget-api/{channel.public_id}/frame/?lang=en").content.decode()

    assert re.findall(r'(?:src|href)="(https?:)?//', page) == []
    assert " style=" not in page
    assert (
        re.findall(r"<script(?! (?:defer src|id=\"words\" type=\"application/json\"))", page) == []
    )
    assert '<html lang="en"' in page


def test_settings_are_cleaned() -> None:
    form = SettingsForm(
        {
            "origins": "https://Sklep.example.pl/\nhttps://*.example.com",
            "colour": "#AABBCC",
            "triggers": json.dumps([fixture("11")["trigger"]]),
        }
    )

    assert form.is_valid(), form.errors
    assert form.cleaned_data["origins"] == ["https://sklep.example.pl", "https://*.example.com"]
    assert form.cleaned_data["colour"] == "#aabbcc"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origins", "sklep.example.pl"),
        ("colour", "red; } body { display: none"),
        ("triggers", '[{"id": "a"}]'),
        ("triggers", "{"),
        ("identity_secret", "short"),
    ],
)
def test_wrong_settings_are_named(field: str, value: str) -> None:
    assert field in SettingsForm({field: value}).errors


def test_consent_needs_its_words() -> None:
    assert "consent_note" in SettingsForm({"consent_required": "on"}).errors


def test_widget_without_a_page_is_not_ready(channel: Channel) -> None:
    connection = Connection.objects.get(channel=channel)
    assert check(connection).ok
    connection.settings = {}
    assert not check(connection).ok


@pytest.mark.parametrize(
    ("color", "ink"), [("#2f5fd0", "#ffffff"), ("#ffd400", "#17202b"), ("#000000", "#ffffff")]
)
def test_words_are_readable_on_any_colour(color: str, ink: str) -> None:
    assert widgets.ink(color) == ink
    assert contrast(color, ink) >= 4.5


def contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class TestHours:
    @pytest.mark.parametrize(
        "value",
        [
            "pn-pt 8-20\nso 10:00-14:30, 16-18",
            "Mon-Fri 8-20\nSat. 10-14:30, 16-18",
            [[["08:00", "20:00"]]] * 5 + [[["10:00", "14:30"], ["16:00", "18:00"]], []],
        ],
    )
    def test_a_week_is_written_as_people_do_or_as_json(self, value):
        week = HoursField(required=False).clean(value)

        assert week[0] == [["08:00", "20:00"]]
        assert week[5] == [["10:00", "14:30"], ["16:00", "18:00"]]
        assert week[6] == []
        assert HoursField(required=False).clean(HoursField().prepare_value(week)) == week

    def test_empty_means_the_shops_hours(self):
        assert HoursField(required=False).clean("") == []

    @pytest.mark.parametrize(
        "value",
        [
            "8-20",
            "pt-pn 8-20",
            "pn 20-8",
            "pn 8-25",
            "pn 8-12, 11-16",
            [[["08:00", "20:00"]]],
            [[["8", "20"]]] * 7,
            [None] * 7,
        ],
    )
    def test_what_is_no_week_is_refused(self, value):
        with pytest.raises(ValidationError):
            HoursField(required=False).clean(value)


def test_prechat_may_come_as_a_list_of_fields():
    data = {"prechat": {"required": ["email"], "optional": ["phone"]}}

    form = SettingsForm(data)

    assert form.is_valid(), form.errors
    wishes = {name: form.cleaned_data[f"field_{name}"] for name in PRECHAT_FIELDS}
    assert wishes == {"name": "", "email": "required", "phone": "optional", "order_ref": ""}
    assert form.cleaned_data["prechat"] is True
