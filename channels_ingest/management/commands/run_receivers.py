import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from channels_ingest.receivers import Receivers


class Command(BaseCommand):
    help = "Keep the long connections: mailboxes by IMAP, and the SMTP/LMTP listener."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        Receivers().run(stop)
