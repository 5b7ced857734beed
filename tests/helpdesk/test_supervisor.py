"""The whole product as `make run` starts it, seen from outside."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers import free_port

CHECKOUT = Path(__file__).parents[2]

pytestmark = [pytest.mark.xdist_group("supervisor"), pytest.mark.timeout(400)]


class Run:
    """One start of the helpdesk, with embedded services and without demo data."""

    def __init__(self, data: Path, port: int, **env: str) -> None:
        self.port = port
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 (read as long as this lives)
        environment = {
            "PATH": os.environ["PATH"],
            "HELPDESK_DATA": str(data),
            "HELPDESK_DEMO": "0",
            "PORT": str(port),
            **env,
        }
        self.process = psutil.Popen(
            [sys.executable, "-m", "helpdesk.run"],
            cwd=CHECKOUT,
            env=environment,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def wait_until_served(self) -> None:
        end = time.monotonic() + 180
        while "is running at" not in self.text:
            code = self.process.poll()
            assert code is None, f"It ended with code {code} and said:\n{self.text}"
            assert time.monotonic() < end, f"It does not come up and said:\n{self.text}"
            time.sleep(0.1)

    @property
    def text(self) -> str:
        return os.pread(self.output.fileno(), 1_000_000, 0).decode()

    def descendants(self) -> list[psutil.Process]:
        try:
            return list(self.process.children(recursive=True))
        except psutil.NoSuchProcess:
            return []  # it has ended; what it said tells why

    def child(self, title: str) -> psutil.Process:
        return next(each for each in self.process.children() if title in title_of(each))

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as page:
                return int(page.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return int(self.process.wait(90))


def title_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""  # it has just ended


def wait_for(is_true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    # Not pytest's own folder: the services' user may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="okienko-run-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def helpdesk(data: Path) -> Iterator[Run]:
    """A helpdesk that runs; every test ends its own, and the next finds the same data."""
    run = Run(data, free_port())
    try:
        run.wait_until_served()
        yield run
    finally:
        everything = run.descendants()
        run.end()
        _gone, left = psutil.wait_procs(everything, timeout=10)
    assert left == []


def test_everything_runs_and_says_where(helpdesk: Run, data: Path) -> None:
    wait_for(lambda: helpdesk.status("/readyz") == 200)

    assert helpdesk.status("/healthz") == 200
    assert helpdesk.status("/metrics") == 200
    assert f"Okienko is running at http://localhost:{helpdesk.port}" in helpdesk.text
    assert f"http://localhost:{helpdesk.port}/setup/" in helpdesk.text
    for name in ("SECRET_KEY", "HELPDESK_FIELD_KEYS", "HELPDESK_TOKEN_KEYS"):
        assert (data / "keys" / name).stat().st_mode & 0o777 == 0o600
    assert (data / "postgresql").stat().st_mode & 0o777 == 0o700


def test_killed_processes_come_back(helpdesk: Run) -> None:
    titles = ["web 1", "live", "mail", "receivers", "scheduler", "redis-server", "postgres"]
    killed = {title: helpdesk.child(title) for title in titles}
    for process in killed.values():
        process.kill()

    def are_back() -> bool:
        now = [title_of(each) for each in helpdesk.process.children()]
        return all(any(title in line for line in now) for title in titles)

    wait_for(lambda: not any(process.is_running() for process in killed.values()))
    wait_for(are_back)
    wait_for(lambda: helpdesk.status("/readyz") == 200)


def test_killed_supervisor_leaves_nothing_and_the_next_start_works(data: Path) -> None:
    run = Run(data, free_port())
    run.wait_until_served()
    everything = run.process.children(recursive=True)

    run.process.kill()
    run.process.wait()
    again = Run(data, run.port)
    again.wait_until_served()

    _gone, left = psutil.wait_procs(everything, timeout=10)
    assert left == []
    assert again.status("/healthz") == 200
    assert again.end() == 0


def test_interrupt_ends_the_start_at_once(data: Path) -> None:
    run = Run(data, free_port())
    wait_for(lambda: len(run.process.children()) > 0)
    everything = run.process.children(recursive=True)

    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(60) == 0
    assert psutil.wait_procs(everything, timeout=5)[1] == []


def test_second_start_on_the_same_data_is_refused(helpdesk: Run, data: Path) -> None:
    second = Run(data, free_port())

    assert second.process.wait(90) == 1
    assert second.text == f"The helpdesk is already running with the data in {data}.\n"


def test_taken_port_is_named(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = Run(data, port)

        assert run.process.wait(90) == 1
    assert run.text.startswith(f"Port {port} of 127.0.0.1 cannot be used")


def test_folder_that_cannot_be_written_is_named(data: Path) -> None:
    file = data.parent / "file"
    file.write_text("")

    run = Run(file / "data", free_port())

    assert run.process.wait(90) == 1
    assert "is not writable (Not a directory): choose another one by HELPDESK_DATA" in run.text


def test_wrong_setting_is_named(data: Path) -> None:
    run = Run(data, free_port(), HELPDESK_BASE_URL="nonsense")

    assert run.process.wait(90) == 1
    assert 'Environment variable "HELPDESK_BASE_URL" invalid' in run.text
    assert run.text.count("\n") == 1


def test_database_of_newer_code_is_refused(data: Path) -> None:
    run = Run(data, free_port())
    run.wait_until_served()
    sql = "INSERT INTO django_migrations (app, name, applied) VALUES ('tickets', '9999_x', now())"
    manage = [sys.executable, "manage.py", "shell", "--command"]
    insert = f"from django.db import connection as c; c.cursor().execute({sql!r})"
    environment = {"PATH": os.environ["PATH"], "HELPDESK_DATA": str(data)}
    subprocess.run([*manage, insert], cwd=CHECKOUT, env=environment, check=True)
    assert run.end() == 0

    newer = Run(data, free_port())

    assert newer.process.wait(90) == 1
    assert "The database is newer than this code (it has tickets.9999_x)" in newer.text


def test_manage_says_that_the_server_is_not_running(data: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HELPDESK_DATA": str(data)}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "The database is not running: start the helpdesk with `make run`.\n"
