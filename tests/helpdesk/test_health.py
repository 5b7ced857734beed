import contextlib
import errno
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from prometheus_client import CollectorRegistry
from pytest_django.fixtures import Settings

from helpdesk import certificates, health
from tests.servers import Certificate

QUEUES = ["live", "mail", "timers", "bulk"]


@pytest.fixture
def workers() -> None:
    for queue in QUEUES:
        health.heartbeat(queue)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(health, "checks", dict(health.checks))
    monkeypatch.setattr(health, "metrics_registry", CollectorRegistry())


def test_healthz_asks_nothing(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
@pytest.mark.usefixtures("workers")
def test_ready_when_everything_answers(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200, response.content
    assert json.loads(response.content) == {
        "status": "ok",
        "checks": {"database": "ok", "redis": "ok", "migrations": "ok", "worker": "ok"},
    }


@pytest.mark.django_db
def test_not_ready_without_redis(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock?db=0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == "It does not answer."


@pytest.mark.django_db
def test_not_ready_without_workers(client: Client) -> None:
    health.heartbeat("mail")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["worker"] == "No worker serves: live, timers, bulk."


@pytest.mark.django_db
@pytest.mark.usefixtures("workers")
def test_not_ready_while_a_migration_waits(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["migrations"].startswith("1 migration waits")


@pytest.mark.django_db
def test_database_newer_than_the_code_is_noticed() -> None:
    assert health.unknown_migrations() == []
    MigrationRecorder.Migration.objects.create(app="tickets", name="9999_from_the_future")

    assert health.unknown_migrations() == ["tickets.9999_from_the_future"]


@pytest.mark.django_db
@pytest.mark.usefixtures("workers", "registry")
def test_check_of_an_app_is_shown_but_stops_no_traffic(client: Client) -> None:
    @health.check("mailboxes")
    def mailboxes() -> None:
        raise health.Unhealthy("2 mailboxes are late")

    assert health.results()["mailboxes"] == "2 mailboxes are late"
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_checks_are_figures_too(client: Client) -> None:
    assert b'helpdesk_check_ok{check="worker"} 0.0' in client.get("/metrics").content


@pytest.mark.django_db
@pytest.mark.usefixtures("registry")
def test_figure_of_an_app_is_read_at_each_request(client: Client) -> None:
    ages = [5.0, 6.0]

    @health.gauge("test_oldest_seconds", "Age", labels=["kind"])
    def oldest() -> Iterator[tuple[list[str], float]]:
        yield ["email"], ages.pop(0)

    assert b'test_oldest_seconds{kind="email"} 5.0' in client.get("/metrics").content
    assert b'test_oldest_seconds{kind="email"} 6.0' in client.get("/metrics").content


@pytest.mark.django_db
def test_figures_are_hidden_from_other_networks(client: Client, settings: Settings) -> None:
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]

    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200


@pytest.mark.django_db
def test_disk_that_takes_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_where: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", full)

    result = health.results()["disk"]

    assert "No space left on device" in result


@pytest.mark.django_db
def test_disk_that_is_nearly_full_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_LEAST_FREE_BYTES", 10**18)

    assert "500 MB" in health.results()["disk"]


@pytest.mark.django_db
def test_certificate_that_ends_soon_is_named(tmp_path: Path, settings: Settings) -> None:
    settings.SMTP_TLS_CERT = Certificate.make(tmp_path).cert_file

    assert "cert.pem" in health.results()["certificate"]


@pytest.mark.django_db
def test_certificate_of_the_site_is_looked_at_as_visitors_see_it(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "_seen", {})
    context = Certificate.make(tmp_path).server_context()
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    settings.BASE_URL = f"https://127.0.0.1:{server.getsockname()[1]}"

    def answer() -> None:
        line, _address = server.accept()
        with contextlib.suppress(OSError):
            context.wrap_socket(line, server_side=True).close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    result = health.results()["certificate"]
    thread.join(10)
    server.close()

    assert "127.0.0.1" in result
    # It is not asked again at once: the server is gone, and the answer is known.
    assert health.results()["certificate"] == result


@pytest.mark.django_db
def test_site_that_cannot_be_reached_from_here_is_no_trouble(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "_seen", {})
    settings.BASE_URL = "https://127.0.0.1:9"

    assert health.results()["certificate"] == "ok"


@pytest.mark.django_db
def test_clock_that_is_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.results()["clock"] == "ok"
    later = health.timezone.now() + timedelta(seconds=90)
    monkeypatch.setattr(health.timezone, "now", lambda: later)

    assert " 90 s" in health.results()["clock"]
