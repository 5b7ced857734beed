"""Runs what stands in for the outside world: the customers' mail server, and Meta."""

import signal
import threading
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import connections, messenger_talk
from demo.standins import mail, meta


class Command(BaseCommand):
    help = "Serve the demo's outside services until stopped. Only in demo mode."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Stand-ins are for demo mode only: see HELPDESK_DEMO.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: stopped.set())
        with ExitStack() as stack:
            connections.point_mail_to(stack.enter_context(mail.serve()))
            connections.point_graph_to(stack.enter_context(meta.serve(messenger_talk.graph())))
            stopped.wait()
