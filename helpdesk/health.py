"""What tells whether the helpdesk works: checks and figures that the apps register.

An app fills the registry in `AppConfig.ready()`, by importing a module like this one:

    @health.check("mailboxes")
    def mailboxes() -> None:
        if late := Connection.objects.late().count():
            raise health.Unhealthy(_("Some mailboxes were not read for 10 minutes."))

    @health.gauge("helpdesk_journal_oldest_seconds", "Age of the oldest row", labels=["kind"])
    def oldest() -> Iterator[tuple[list[str], float]]:
        yield ["email"], 12.5
"""

import ipaddress
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from helpdesk import certificates

logger = logging.getLogger(__name__)

HEARTBEAT_S = 10
_SILENCE_S = 60
_LEAST_FREE_BYTES = 500 * 1024 * 1024
_CERTIFICATE_WARNING = timedelta(days=14)
_DRIFT_S = 5

Run = Callable[[], None]
Samples = Iterable[tuple[list[str], float]]


class Unhealthy(Exception):
    """Says what is wrong, in words for an admin; no personal data, no secrets."""


@dataclass(frozen=True)
class Check:
    run: Run
    stops_traffic: bool


checks: dict[str, Check] = {}
metrics_registry = CollectorRegistry()


def check(name: str, *, stops_traffic: bool = False) -> Callable[[Run], Run]:
    """Register a check that raises Unhealthy; one that stops traffic makes /readyz say 503."""

    def register(run: Run) -> Run:
        checks[name] = Check(run, stops_traffic)
        return run

    return register


def gauge(
    name: str, text: str, *, labels: Iterable[str] = ()
) -> Callable[[Callable[[], Samples]], Callable[[], Samples]]:
    """Register a figure, read anew at each request of /metrics: label values and the number."""

    def register(read: Callable[[], Samples]) -> Callable[[], Samples]:
        metrics_registry.register(_Gauge(name, text, list(labels), read))
        return read

    return register


def results(*, only_traffic: bool = False) -> dict[str, str]:
    """Each check's name with "ok" or what is wrong."""
    return {
        name: _result(name, each.run)
        for name, each in checks.items()
        if each.stops_traffic or not only_traffic
    }


def _result(name: str, run: Run) -> str:
    try:
        run()
    except Unhealthy as problem:
        return str(problem)
    except (DatabaseError, RedisError, OSError):
        logger.warning("The health check %s could not be made.", name, exc_info=True)
        return _("It does not answer.")
    return "ok"


class _Gauge(Collector):
    def __init__(
        self, name: str, text: str, labels: list[str], read: Callable[[], Samples]
    ) -> None:
        self.name, self.text, self.labels, self.read = name, text, labels, read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self.name, self.text, labels=self.labels)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        try:
            for values, number in self.read():
                family.add_metric(values, number)
        except (DatabaseError, RedisError, OSError):
            # The other figures still count; the missing one is itself a sign.
            logger.warning("The figure %s could not be read.", self.name, exc_info=True)
        yield family


@check("database", stops_traffic=True)
def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@check("redis", stops_traffic=True)
def _redis() -> None:
    # Not by the cache, which hides that Redis is away.
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2) as redis:
        redis.ping()


@check("migrations", stops_traffic=True)
def _migrations() -> None:
    if missing := unapplied_migrations():
        raise Unhealthy(
            ngettext(
                "%(count)s migration waits: run `manage.py migrate`.",
                "%(count)s migrations wait: run `manage.py migrate`.",
                len(missing),
            )
            % {"count": len(missing)}
        )


@check("worker", stops_traffic=True)
def _worker() -> None:
    if silent := [queue for queue in ("live", "mail", "timers", "bulk") if _is_silent(queue)]:
        raise Unhealthy(_("No worker serves: %(queues)s.") % {"queues": ", ".join(silent)})


@check("scheduler")
def _scheduler() -> None:
    if _is_silent("scheduler"):
        raise Unhealthy(_("The scheduler has been silent for a minute."))


@check("disk")
def _disk() -> None:
    if shutil.disk_usage(settings.DATA_DIR).free < _LEAST_FREE_BYTES:
        raise Unhealthy(_("Less than 500 MB are free in the data folder."))
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as probe:
            probe.write(b"\0" * 4096)
    except OSError as e:
        text = _("The data folder cannot be written: %(reason)s.")
        raise Unhealthy(text % {"reason": e.strerror}) from e


@check("certificate")
def _certificate() -> None:
    for name, end in certificates.ends():
        left = end - timezone.now()
        if left < timedelta(0):
            raise Unhealthy(_("The certificate of %(name)s has ended.") % {"name": name})
        if left < _CERTIFICATE_WARNING:
            text = ngettext(
                "The certificate of %(name)s ends in %(days)s day.",
                "The certificate of %(name)s ends in %(days)s days.",
                left.days,
            )
            raise Unhealthy(text % {"name": name, "days": left.days})


@check("clock")
def _clock() -> None:
    """The times of a ticket come from several machines: they must agree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    drift_s = abs((timezone.now() - row[0]).total_seconds()) if row else 0.0
    if drift_s > _DRIFT_S:
        text = _("This machine's clock is %(seconds)s s off the database's.")
        raise Unhealthy(text % {"seconds": round(drift_s)})


@gauge("helpdesk_check_ok", "1 where a health check passes", labels=["check"])
def _checks() -> Iterator[tuple[list[str], float]]:
    for name, result in results().items():
        yield [name], float(result == "ok")


@gauge("helpdesk_disk_free_bytes", "Free space in the data folder")
def _free() -> Iterator[tuple[list[str], float]]:
    yield [], shutil.disk_usage(settings.DATA_DIR).free


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _backwards in plan]


def applied_migrations() -> list[str]:
    """What made the tables of this database, of this code's apps."""
    loader = MigrationExecutor(connection).loader
    known = {app for app, _name in loader.disk_migrations}
    return sorted(f"{app}.{name}" for app, name in loader.applied_migrations if app in known)


def unknown_migrations(applied: Iterable[str] | None = None) -> list[str]:
    """What was applied to a database (this one) and this code has not: it is the older one."""
    loader = MigrationExecutor(connection).loader
    known = {f"{app}.{name}" for app, name in [*loader.graph.nodes, *loader.replacements]}
    applied = applied_migrations() if applied is None else applied
    return [each for each in applied if each not in known]


def heartbeat(name: str) -> None:
    """Said by a worker for each of its queues, and by the scheduler."""
    cache.set(f"heartbeat:{name}", time.time(), timeout=None)


def _is_silent(name: str) -> bool:
    said_at: float | None = cache.get(f"heartbeat:{name}")
    return said_at is None or time.time() - said_at > _SILENCE_S


@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process lives; asks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    # Programs read this, and people by any language: always the same words.
    with translation.override("en"):
        found = results(only_traffic=True)
    is_ready = all(result == "ok" for result in found.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": found},
        status=200 if is_ready else 503,
    )


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus reads the figures, from the networks it may come from."""
    client = ipaddress.ip_address(request.META["REMOTE_ADDR"])
    if not any(client in ipaddress.ip_network(each) for each in settings.METRICS_NETWORKS):
        raise Http404
    return HttpResponse(generate_latest(metrics_registry), content_type=CONTENT_TYPE_LATEST)
