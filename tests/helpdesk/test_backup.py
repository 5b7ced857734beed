"""A backup of what runs, and the restore drill on an empty installation, by the commands."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from channels_ingest import journal
from channels_ingest.models import Connection, InboundEvent
from helpdesk.backup import archive
from helpdesk.running import Problem
from history.recording import Actor
from tests.factories import make_channel, make_ticket, make_user
from tickets import attaching, replying
from tickets.models import Attachment, Delivery, Message, Participant, Ticket
from tickets.replying import Draft

CHECKOUT = Path(__file__).parents[2]
SECRET = "a password that the backup must not show"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("backup")]


class Place:
    """An installation with an empty database and folder; its keys are the tests'."""

    def __init__(self, database: str, data: Path) -> None:
        self.data = data
        self.url = _url(database)
        self.env = {**os.environ, "DATABASE_URL": self.url, "HELPDESK_DATA": str(data)}

    def manage(self, *command: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, command)],
            cwd=CHECKOUT,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as opened:
            return opened.execute(query).fetchall()  # type: ignore[call-overload]


def _url(database: str) -> str:
    place = connection.settings_dict
    host = str(place["HOST"]).replace("/", "%2F")
    return f"postgresql://{place['USER']}@{host}:{place['PORT'] or 5432}/{database}"


@pytest.fixture
def here(settings: Any) -> Place:
    """The installation of the test itself."""
    return Place(str(connection.settings_dict["NAME"]), settings.DATA_DIR)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Place]:
    name = f"{connection.settings_dict['NAME']}_elsewhere"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield Place(name, tmp_path / "data")
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def filled() -> Message:
    """An installation with some of everything: a secret, a file, a raw mail, a waiting answer."""
    channel = make_channel("email", secrets={"imap_password": SECRET})
    ticket = make_ticket(channel)
    user = make_user("admin")
    replying.reply(ticket, Draft("Już szukam"), by=Actor("agent", user.pk), user=user)
    message = ticket.messages.earliest("pk")
    attachment = attaching.upload("Zażółć".encode() * 1000, "umowa.pdf")
    Attachment.objects.filter(pk=attachment.pk).update(message=message)
    journal.keep("email", "a@example.com", "k", b"x" * 2_000_000, channel=channel, wake=False)
    return message


@pytest.fixture
def saved(filled: Message, tmp_path: Path) -> Path:
    path = tmp_path / "okienko.tar"
    call_command("backup", path)
    return path


def test_restored_installation_is_the_one_that_was_saved(
    here: Place, elsewhere: Place, saved: Path
) -> None:
    with psycopg.connect(elsewhere.url):
        early = elsewhere.manage("restore", saved)
    done = elsewhere.manage("restore", saved)

    assert early.returncode == 1
    assert "The helpdesk is running: stop web server, workers and receivers" in early.stderr
    assert done.returncode == 0, done.stderr
    assert "1 messages waited to be sent: see the outbox." in done.stdout
    for model in (Message, Attachment, InboundEvent, Connection, Participant, User):
        query = f"TABLE {model._meta.db_table} ORDER BY id"
        assert elsewhere.rows(query) == here.rows(query), model
    for row in Attachment.objects.all():
        stored = elsewhere.data / "files" / row.storage_key
        assert stored.read_bytes() == attaching.read(row)
        assert stored.stat().st_mode & 0o777 == 0o600
    event = InboundEvent.objects.exclude(storage_key="").get()
    assert (elsewhere.data / "files" / event.storage_key).read_bytes() == event.raw
    # The old installation may have sent it since.
    assert elsewhere.rows("SELECT state FROM tickets_delivery") == [(Delivery.State.UNCERTAIN,)]
    # Constraints and triggers came along.
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        elsewhere.rows("DELETE FROM history_event")


def test_keys_and_secrets_are_not_in_a_backup(saved: Path) -> None:
    raw = saved.read_bytes()

    assert saved.stat().st_mode & 0o777 == 0o600
    for secret in (
        SECRET,
        *(os.environ[n] for n in ("SECRET_KEY", "HELPDESK_FIELD_KEYS", "HELPDESK_TOKEN_KEYS")),
    ):
        assert secret.encode() not in raw
    checked = subprocess.run(
        ["sha256sum", "--check", f"{saved.name}.sha256"], cwd=saved.parent, check=False
    )
    assert checked.returncode == 0


def test_backup_is_one_moment_while_rows_come(
    here: Place, elsewhere: Place, filled: Message, tmp_path: Path
) -> None:
    """Rows and files that come while it is made do not make it contradict itself."""
    backup = subprocess.Popen(
        [sys.executable, "manage.py", "backup", str(tmp_path / "b.tar")],
        cwd=CHECKOUT,
        env=here.env,
    )
    while backup.poll() is None:
        make_ticket(filled.channel)
        default_storage.save("attachments/later", ContentFile(b"later"))
    assert backup.returncode == 0

    done = elsewhere.manage("restore", tmp_path / "b.tar")

    assert done.returncode == 0, done.stderr
    [(restored,)] = elsewhere.rows("SELECT count(*) FROM tickets_ticket")
    assert 1 <= restored <= Ticket.objects.count()


def _newer(manifest: dict[str, Any]) -> None:
    manifest["migrations"].append("tickets.9999_from_the_future")


def _other_form(manifest: dict[str, Any]) -> None:
    manifest["form"] += 1


@pytest.mark.parametrize("change", [_newer, _other_form])
def test_newer_version_is_refused(saved: Path, change: Callable[[dict[str, Any]], None]) -> None:
    _rewrite(saved, change)

    with pytest.raises(CommandError, match="The backup was made by a newer version"):
        call_command("restore", saved)


def test_wrong_keys_are_refused(saved: Path, settings: Any) -> None:
    [old] = settings.HELPDESK_FIELD_KEYS
    settings.HELPDESK_FIELD_KEYS = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktb3Q="]
    with pytest.raises(CommandError, match="HELPDESK_FIELD_KEYS is not the one that this backup"):
        call_command("restore", saved)

    settings.HELPDESK_FIELD_KEYS.append(old)
    # The old key still reads; what is wrong now is the next thing.
    with pytest.raises(CommandError, match="This installation is in use"):
        call_command("restore", saved)
    assert Ticket.objects.count() == 1


def test_damaged_backup_is_refused(saved: Path) -> None:
    raw = bytearray(saved.read_bytes())
    raw[raw.find("Zażółć".encode())] ^= 1
    saved.write_bytes(raw)
    with archive.reading(saved) as reader, pytest.raises(Problem, match="is damaged: files/att"):
        reader.check()

    saved.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(CommandError, match="not a backup of the helpdesk, or its end is missing"):
        call_command("restore", saved)


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest of a backup."""
    with tarfile.open(path) as tar:
        members = [(each, tar.extractfile(each).read()) for each in tar.getmembers()]
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            if member.name == "manifest.json":
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()  # noqa: PLW2901
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
