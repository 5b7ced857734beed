"""The processes of the helpdesk itself, by role. Django is set up before they are copied."""

import signal
import socket
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.management import call_command

from helpdesk import celery_app
from helpdesk.running import Problem
from helpdesk.running.child import Child
from helpdesk.web import serve

# Threads for each worker: chat and clocks, mail, and the long jobs keep slots of their own.
_WORKERS = {"live": ("live,timers", 4), "mail": ("mail", 3), "bulk": ("bulk", 2)}


@dataclass(frozen=True)
class Place:
    """Where the site is served, and by how many processes."""

    host: str
    port: int
    processes: int

    def listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except OSError as e:
            raise Problem(
                f"Port {self.port} of {self.host} cannot be used ({e.strerror}): "
                "choose another one by PORT."
            ) from e
        listening.listen(1024)
        return listening


def web(place: Place) -> list[Child]:
    # The supervisor keeps the socket open: while a dead process starts again, requests wait. When
    # it ends they must not wait, since nobody will come for them.
    listening = place.listen()
    return [
        Child(f"web {number}", partial(serve, listening), release=listening.close)
        for number in range(1, place.processes + 1)
    ]


def worker(_place: Place) -> list[Child]:
    return [
        Child(
            f"worker {name}",
            _celery(
                f"worker --pool=threads --concurrency={threads} --queues={queues} "
                f"--hostname={name}@%h --without-gossip --without-mingle"
            ),
        )
        for name, (queues, threads) in _WORKERS.items()
    ]


def receivers(_place: Place) -> list[Child]:
    return [Child("receivers", lambda: sys.exit(call_command("run_receivers")))]


def scheduler(_place: Place) -> list[Child]:
    # This scheduler keeps its times in memory: no file that a killed run could leave broken. Its
    # own way to end is an exception in a signal handler, which what it interrupts may swallow.
    return [
        Child(
            "scheduler",
            _celery("beat --scheduler=celery.beat:Scheduler --pidfile="),
            stop_signal=signal.SIGKILL,
        )
    ]


def standins(_place: Place) -> list[Child]:
    """In demo mode, what plays the outside world: a room not ours to import, but to call."""
    if not settings.DEMO:
        return []
    return [Child("stand-ins", lambda: sys.exit(call_command("run_standins")))]


ROLES: dict[str, Callable[[Place], list[Child]]] = {
    "web": web,
    "worker": worker,
    "receivers": receivers,
    "scheduler": scheduler,
    "standins": standins,
}


def _celery(arguments: str) -> Callable[[], None]:
    def start() -> None:
        # Root is told so each time; it is root who started everything here.
        warnings.simplefilter("ignore", SecurityWarning)
        celery_app.start(["--quiet", *arguments.split(), "--loglevel=WARNING"])

    return start
