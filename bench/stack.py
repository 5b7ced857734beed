"""The product as it runs for users, in processes whose time and memory are counted."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

PORT = 8231
BASE = f"http://127.0.0.1:{PORT}"
_START_S = 60


@contextmanager
def running() -> Iterator["Stack"]:
    """Web, workers, receivers and scheduler; the database and Redis of the environment."""
    environment = {
        **os.environ,
        "PORT": str(PORT),
        "HELPDESK_BASE_URL": BASE,
        "HELPDESK_LOG_LEVEL": "ERROR",
        # Chat visitors come from many addresses, all of them this machine.
        "HELPDESK_TRUSTED_PROXIES": "127.0.0.1",
        "HELPDESK_API_REQUESTS_PER_MINUTE": "1000000",
    }
    roles = ["web", "worker", "receivers", "scheduler"]
    process = subprocess.Popen([sys.executable, "-m", "helpdesk.run", *roles], env=environment)
    try:
        _wait(process)
        yield Stack()
    finally:
        process.terminate()
        process.wait(timeout=30)


class Stack:
    """All processes of the product: those of this command, and the services that it came with."""

    def cpu_ms(self) -> float:
        """CPU time used so far, of processes that live."""
        times = [process.cpu_times() for process in self._processes()]
        return sum(1000 * (used.user + used.system) for used in times)

    def memory_mb(self) -> float:
        """PSS: what is shared counts once."""
        return sum(process.memory_full_info().pss for process in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        own = psutil.Process()
        family = {*own.children(recursive=True)}
        # `python -m helpdesk.embedded` started PostgreSQL and Redis, and then us.
        if (parent := own.parent()) and "helpdesk.embedded" in parent.cmdline():
            family |= {*parent.children(recursive=True)}
        return [process for process in family - {own} if process.is_running()]


def _wait(process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit("The product did not start.")
        try:
            with urllib.request.urlopen(f"{BASE}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit("The product does not answer.")
