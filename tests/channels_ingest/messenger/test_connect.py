"""Connecting a Page, and the daily look whether it still works."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from channels_ingest import checking, tasks
from channels_ingest.messenger.connect import FIELDS, SettingsForm, check
from channels_ingest.models import Connection
from tests.channels_ingest.messenger.conftest import APP_ID, PAGE_ID, PERSON, SECRETS
from tests.factories import make_channel
from tickets.models import Attachment, Channel, Message

pytestmark = pytest.mark.django_db

REQUIRED = {"page_id": PAGE_ID, **SECRETS}


class TestForm:
    def test_needs_no_more_than_the_page_and_its_secrets(self):
        form = SettingsForm(REQUIRED)

        assert form.is_valid(), form.errors
        assert form.cleaned_data["api_base"] == "https://graph.facebook.com"
        assert form.cleaned_data["api_version"] == "v25.0"
        assert form.cleaned_data["human_agent"] is False

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("page_id", "moja-strona"),
            ("page_id", ""),
            ("app_id", "12 34"),
            ("api_version", "25"),
            ("api_base", "ftp://graph.facebook.com"),
            ("api_base", "javascript:alert(1)"),
            ("app_secret", ""),
            ("page_token", ""),
            ("verify_token", ""),
        ],
    )
    def test_says_what_is_wrong(self, field, value):
        form = SettingsForm({**REQUIRED, field: value})

        assert not form.is_valid()
        assert list(form.errors) == [field]

    def test_never_shows_a_secret_again(self):
        form = SettingsForm(REQUIRED)

        assert all(secret not in str(form) for secret in SECRETS.values())


class TestCheck:
    def test_subscribes_the_page_where_it_is_not(self, channel, graph):
        assert check(channel.connection).ok
        assert set(graph.subscribed[PAGE_ID]) == set(FIELDS)

        calls = len(graph.calls)
        assert check(channel.connection).ok
        assert all(call.method == "GET" for call in graph.calls[calls:])

    def test_of_settings_that_are_not_kept_yet(self, api_base, channel, graph):
        draft = Connection(
            channel=Channel(kind="messenger"),
            settings={"page_id": PAGE_ID, "app_id": APP_ID, "api_base": api_base},
        )
        draft.set_secrets(SECRETS)
        channel.connection.delete()

        assert check(draft).ok

    @pytest.mark.parametrize("name", ["page_token", "app_secret", "verify_token"])
    def test_names_what_is_missing(self, channel, name):
        channel.connection.set_secrets({name: ""})

        result = check(channel.connection)

        assert not result.ok
        assert len(result.text) > 20

    def test_wrong_token(self, channel):
        channel.connection.set_secrets({"page_token": "wrong"})

        result = check(channel.connection)

        assert (result.ok, result.needs_reauth) == (False, True)

    def test_wrong_secret(self, channel):
        channel.connection.set_secrets({"app_secret": "wrong"})

        assert not check(channel.connection).ok

    def test_token_of_another_page(self, channel):
        channel.connection.settings["page_id"] = "100000000000002"

        result = check(channel.connection)

        assert "Sklep Las" in result.text

    def test_token_without_the_permission(self, channel, graph):
        graph.scopes = ["pages_show_list"]

        result = check(channel.connection)

        assert (result.ok, result.needs_reauth) == (False, True)
        assert "pages_messaging" in result.text

    def test_page_of_another_channel(self, channel):
        other = make_channel("messenger", settings=channel.connection.settings, secrets=SECRETS)

        assert not check(other.connection).ok

    def test_server_that_does_not_answer(self, channel):
        channel.connection.settings["api_base"] = "http://127.0.0.1:1"

        assert not check(channel.connection).ok


class TestEveryDay:
    def test_lost_subscription_is_made_again(self, channel, graph):
        check(channel.connection)
        graph.subscribed.clear()

        tasks.check_connections()

        assert set(graph.subscribed[PAGE_ID]) == set(FIELDS)

    def test_lost_token_is_told(self, channel, graph):
        graph.fail("token_invalid")

        tasks.check_connections()

        connection = Connection.objects.get()
        assert connection.state == Connection.State.NEEDS_REAUTH
        assert len(connection.error) > 30

    def test_passing_fault_is_shown_until_the_next_success(self, channel, graph):
        graph.fail("service_down")
        tasks.check_connections()
        assert Connection.objects.get().state == Connection.State.ERROR

        checking.check(channel.connection.pk)

        assert Connection.objects.get().state == Connection.State.ACTIVE

    def test_channels_that_are_off_are_left_alone(self, channel, graph):
        Channel.objects.update(active=False)

        tasks.check_connections()

        assert graph.calls == []


class TestMissedMessages:
    """The subscription was lost for a while: what was written meanwhile is read afterwards."""

    @pytest.fixture
    def missed(self, channel, graph, write):
        first = write("Przed awarią")
        hours_ago = timezone.now() - timedelta(hours=3)
        Channel.objects.update(created_at=hours_ago)
        Connection.objects.update(last_ok_at=hours_ago)
        person, page = {"id": PERSON}, {"id": PAGE_ID}
        now = f"{timezone.now():%Y-%m-%dT%H:%M:%S+0000}"
        picture = {"image_data": {"url": "https://cdn.example.com/kubek.jpg"}}
        said: list[tuple[str, dict[str, str], dict[str, str], dict[str, object]]] = [
            (first.external_id, person, page, {"message": "Przed awarią"}),
            ("m_missed_1", person, page, {"message": "W czasie awarii"}),
            ("m_missed_2", person, page, {"attachments": {"data": [picture]}}),
            ("m_missed_3", page, person, {"message": "Z telefonu szefa"}),
        ]
        messages = [
            {"id": mid, "created_time": now, "from": sender, "to": {"data": [to]}, **content}
            for mid, sender, to, content in said
        ]
        old = {"id": "t_2", "updated_time": "2020-01-01T00:00:00+0000", "messages": {"data": []}}
        talk = {"id": "t_1", "updated_time": now, "messages": {"data": messages}}
        graph.conversations = [talk, old]

    def test_are_there_once(self, graph, missed, django_capture_on_commit_callbacks):
        for _time in range(2):
            graph.subscribed.clear()
            with django_capture_on_commit_callbacks(execute=True):
                tasks.check_connections()

        said = list(Message.objects.order_by("pk").values_list("body_text", "direction"))
        assert sorted(said) == [
            ("", "inbound"),
            ("Przed awarią", "inbound"),
            ("W czasie awarii", "inbound"),
            ("Z telefonu szefa", "outbound"),
        ]
        assert Attachment.objects.get().name == "kubek.jpg"

    def test_that_cannot_be_read_do_not_make_the_connection_wrong(self, channel, graph, missed):
        graph.conversations[0]["messages"]["data"][0]["from"] = None
        channel.connection.refresh_from_db()

        assert check(channel.connection).ok
        assert Message.objects.count() == 1

    def test_are_not_read_when_a_page_is_connected_first(self, channel, graph, missed):
        Connection.objects.update(last_ok_at=None)

        tasks.check_connections()

        assert Message.objects.count() == 1
        assert not any("conversations" in call.path for call in graph.calls)


def test_meta_may_stop_the_page_and_let_it_go_on(channel, post):
    post(_policy("block", "spam"))
    connection = Connection.objects.get()
    assert connection.state == Connection.State.ERROR
    assert "spam" in connection.error
    assert connection.paused_until is not None

    post(_policy("unblock", ""))
    connection = Connection.objects.get()
    assert (connection.state, connection.paused_until) == (Connection.State.ACTIVE, None)


def _policy(action: str, reason: str) -> bytes:
    event = {
        "recipient": {"id": PAGE_ID},
        "timestamp": 1795341600000,
        "policy_enforcement": {"action": action, "reason": reason},
    }
    return json.dumps({"object": "page", "entry": [{"id": PAGE_ID, "messaging": [event]}]}).encode()
