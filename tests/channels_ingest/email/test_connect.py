"""The settings of a mailbox, and the check that says in plain words what is wrong."""

import pytest

from channels_ingest import connecting
from channels_ingest.adapter import Check
from channels_ingest.email.connect import SettingsForm
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel
from tests.servers import ImapServer, SmtpSink, free_port

pytestmark = pytest.mark.django_db


def cleaned(**given: object) -> dict[str, object]:
    form = SettingsForm({"address": "pomoc@sklep.example.pl", **given})
    assert form.is_valid(), form.errors
    return form.cleaned_data


def test_settings_are_filled_in():
    settings = cleaned(imap_host="imap.example.com", authserv_ids="a.example, b.example")

    assert (settings["imap_security"], settings["imap_port"]) == ("tls", 993)
    assert (settings["smtp_security"], settings["smtp_port"]) == ("starttls", 587)
    assert settings["after_import"] == "leave"
    assert settings["authserv_ids"] == ["a.example", "b.example"]
    assert cleaned(**settings) == settings


def test_day_is_kept_as_text():
    assert cleaned(import_since="2026-11-01")["import_since"] == "2026-11-01"


@pytest.mark.parametrize(
    "given",
    [
        {"address": "nie adres"},
        {"address": "pomoc+reklama@sklep.example.pl"},
        {"imap_port": 70_000},
        {"imap_security": "może"},
        {"import_since": "kiedyś"},
    ],
)
def test_what_cannot_be_is_refused(given):
    assert not SettingsForm({"address": "pomoc@sklep.example.pl", **given}).is_valid()


def try_it(imap: ImapServer, sink: SmtpSink, password: str = "", **more: object) -> Check:
    settings = {**imap.settings(), **sink.settings(), **more}
    secrets = {"imap_password": password or imap.password}
    return connecting.check(connecting.draft("email", settings, secrets))


def test_both_ways_work(imap_server, smtp_sink):
    for number in range(3):
        imap_server.append(letter(message_id=f"<{number}@mail.example.com>"))

    check = try_it(imap_server, smtp_sink)

    assert check == Check(True, "Connected: 3 new messages in the mailbox. Sending works.")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"password": "inne"}, "password"),
        ({"imap_host": "nie-ma.invalid"}, "not found"),
        ({"imap_security": "tls"}, "TLS"),
        ({"imap_folder": "Nie ma"}, "no folder Nie ma"),
        ({"smtp_port": 1}, "But sending does not work: 127.0.0.1 does not answer on port 1"),
    ],
)
def test_says_what_is_wrong(wrong, says, imap_server, smtp_sink):
    check = try_it(imap_server, smtp_sink, **wrong)

    assert not check.ok
    assert says in check.text


def test_silent_port(imap_server, smtp_sink):
    port = free_port()
    check = try_it(imap_server, smtp_sink, imap_port=port)
    assert str(port) in check.text


def test_address_of_another_channel(imap_server, smtp_sink):
    other = make_channel(settings={"address": imap_server.user.upper()})

    check = try_it(imap_server, smtp_sink)

    assert (check.ok, "another channel" in check.text) == (False, True)
    assert connecting.check(other.connection).ok


def test_secrets_are_sealed(imap_server):
    channel = make_channel(settings=imap_server.settings(), secrets=imap_server.secrets)

    assert imap_server.password not in channel.connection.sealed
    assert channel.connection.secrets == imap_server.secrets
