"""The product as it runs for users, in processes whose time and memory are counted."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        ticks = sum(sum(map(int, _stat(pid)[11:13])) for pid in self._processes())
        return 1000 * ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """PSS: what is shared counts once."""
        return sum(_pss_kib(pid) for pid in self._processes()) * 1024 / 1e6

    def _processes(self) -> set[int]:
        own, parent = os.getpid(), os.getppid()
        # `python -m helpdesk.embedded` started PostgreSQL and Redis, and then us.
        is_ours = b"helpdesk.embedded" in Path(f"/proc/{parent}/cmdline").read_bytes()
        return _family(parent if is_ours else own) - {own}


def _family(root: int) -> set[int]:
    """The ids of all processes below this one."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if stat := _stat(int(folder.name)):
            children.setdefault(int(stat[1]), []).append(int(folder.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name: state, parent, ...; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


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
