"""`python -m helpdesk.run`: everything on one machine; with roles as arguments only those.

Without arguments this is `make run`: keys, embedded services, migrations, and all roles. With
`web`, `worker`, `receivers` or `scheduler` it is the process of a container, whose database
and Redis are somewhere else.
"""

import fcntl
import gc
import logging
import os
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import TextIO

import django
from django.conf import settings
from django.urls import get_resolver
from environs import EnvError, FileAwareEnv

from helpdesk import catalogues, celery_app, installation, warming
from helpdesk.embedded.services import start_services
from helpdesk.running import Problem, roles
from helpdesk.running.child import Child, end_with_parent
from helpdesk.running.supervisor import Stopped, Supervisor

_CHECKOUT = Path(__file__).resolve().parent.parent
# Processes of a run that was killed hold its lock until the kernel has ended them.
_KERNEL_ENDS_THEM_S = 30


def main(wanted: list[str]) -> None:
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    try:
        if unknown := set(wanted) - roles.ROLES.keys():
            raise Problem(f"There is no role {min(unknown)}: choose from {', '.join(roles.ROLES)}.")
        supervisor = Supervisor()
        try:
            if wanted:
                run_roles(supervisor, wanted)
            else:
                run_all(supervisor)
        except Stopped:
            sys.stderr.write("Stopping ...\n")
        finally:
            supervisor.end()
    except (Problem, EnvError) as problem:
        sys.exit(str(problem))


def run_roles(supervisor: Supervisor, wanted: list[str]) -> None:
    place = _place()
    _load()
    supervisor.start(*(child for role in wanted for child in roles.ROLES[role](place)))
    supervisor.watch()


def run_all(supervisor: Supervisor) -> None:
    end_with_parent(signal.SIGTERM)  # `make` may be killed
    data = installation.data_dir(_CHECKOUT)
    with locked(data):
        installation.make_keys(data)
        installation.forget_run(data)
        place = _place()
        installation.remember_run(data)
        web = roles.web(place)
        start_services(supervisor, data)
        _load()
        words = _prepare(supervisor)
        others = [role for role in roles.ROLES if role != "web"]
        supervisor.start(*web, *(child for role in others for child in roles.ROLES[role](place)))
        supervisor.wait_until(
            lambda: _is_served(place), seconds=120, failure="The web server does not start."
        )
        sys.stdout.write(f"Okienko is running at {os.environ['HELPDESK_BASE_URL']}\n{words}")
        sys.stdout.flush()
        supervisor.watch()


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Only one run at a time uses a data folder. The lock ends with the process, however."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = (data / "run.lock").open("a+")
    except OSError as e:
        raise Problem(
            f"The data folder {data} is not writable ({e.strerror}): "
            "choose another one by HELPDESK_DATA."
        ) from e
    with handle:
        end = time.monotonic() + _KERNEL_ENDS_THEM_S
        while not _try_lock(handle):
            if _holder_lives(handle) or time.monotonic() > end:
                raise Problem(f"The helpdesk is already running with the data in {data}.")
            time.sleep(0.1)
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield


def _try_lock(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder_lives(handle: TextIO) -> bool:
    handle.seek(0)
    pid = handle.read().strip()
    return not pid or Path("/proc", pid).exists()


def _load() -> None:
    """Import everything once; what is loaded here is shared by all processes."""
    # Before anything is translated: a language that was looked up once is not read again.
    catalogues.compile_all()
    django.setup()
    get_resolver().url_patterns  # noqa: B018 (imports all views)
    celery_app.loader.import_default_modules()
    warming.warm()
    gc.collect()
    gc.freeze()


def _prepare(supervisor: Supervisor) -> str:
    from helpdesk.prepare import prepare

    with tempfile.TemporaryFile() as output:
        if code := supervisor.finish(Child("preparation", prepare, output=output.fileno())):
            raise SystemExit(code)
        output.seek(0)
        return output.read().decode()


def _place() -> roles.Place:
    """Where to serve. A wrong setting stops here, with one sentence that names it."""
    env = FileAwareEnv()
    port = env.int("PORT", 8000)
    os.environ.setdefault("HELPDESK_BASE_URL", f"http://localhost:{port}")
    host = "127.0.0.1" if settings.DEMO else env.str("HELPDESK_BIND", "127.0.0.1")
    return roles.Place(host, port, env.int("HELPDESK_WEB_PROCESSES", 2))


def _is_served(place: roles.Place) -> bool:
    host = "127.0.0.1" if place.host == "0.0.0.0" else place.host  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{place.port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
