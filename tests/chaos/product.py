"""The product as `make run` starts it, in a folder of its own, and what may die of it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from tests.servers import eventually, free_port

_CHECKOUT = Path(__file__).parents[2]
# Who may be killed, and by what its process is found. A backend is one of the database's own.
VICTIMS = {
    "web 1": "okienko: web 1",
    "web 2": "okienko: web 2",
    "worker live": "live@",
    "worker mail": "mail@",
    "worker bulk": "bulk@",
    "receivers": "okienko: receivers",
    "scheduler": "celery beat",
    "redis": "redis-server",
    "redis flush": "",
    "postgres": "bin/postgres",
    "postgres backend": "bin/postgres",
}


class Product:
    def __init__(self) -> None:
        # Not in a folder that the services' user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="okienko-chaos-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.port, self.mail_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = (self.folder / "log.txt").open("w+")
        self._process: psutil.Popen | None = None

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HELPDESK_DATA": str(self.data),
            "HELPDESK_DEMO": "0",
            "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
            "HELPDESK_BASE_URL": self.base,
            "HELPDESK_LOG_LEVEL": "WARNING",
            "HELPDESK_SMTP_LISTEN": f"smtp://127.0.0.1:{self.mail_port}",
            # Visitors come from many addresses, all of them this machine.
            "HELPDESK_TRUSTED_PROXIES": "127.0.0.1",
            "HELPDESK_API_REQUESTS_PER_MINUTE": "1000000",
            "PORT": str(self.port),
        }

    def start(self) -> None:
        self._process = psutil.Popen(
            [sys.executable, "-m", "helpdesk.run"],
            cwd=_CHECKOUT,
            env=self.env,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        eventually(self.is_ready, within_s=120)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, victim: str, rng: random.Random) -> bool:
        """kill -9; False where it has just died by itself and is not back yet."""
        if victim.startswith("redis"):
            self._flush()
            if victim == "redis flush":
                return True
        process = self.find(victim)
        if process is None:
            return False
        if victim == "postgres backend":
            backends = [each for each in process.children() if "okienko okienko" in _title(each)]
            if not backends:
                return False
            process = rng.choice(backends)
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            return False
        return True

    def end(self) -> None:
        """End it as Ctrl-C does, and remove its data."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def find(self, victim: str) -> psutil.Process | None:
        """Its process; None while it starts again."""
        title = VICTIMS[victim]
        return next((each for each in self.process.children() if title in _title(each)), None)

    @property
    def process(self) -> psutil.Popen:
        assert self._process is not None
        return self._process

    def said(self) -> str:
        return (self.folder / "log.txt").read_text()

    def _flush(self) -> None:
        import redis

        try:
            with redis.Redis(unix_socket_path=str(self.data / "run" / "redis.sock")) as client:
                client.flushall()
        except redis.RedisError:
            pass  # dead already: then it is empty, too


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
