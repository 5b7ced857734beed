from django.apps import AppConfig


class ChannelsIngestConfig(AppConfig):
    name = "channels_ingest"

    def ready(self) -> None:
        from channels_ingest import (
            adapter,
            delivering,
            gestures,
            letters,
            monitoring,  # noqa: F401  # registers checks and figures
            outbound,
        )
        from channels_ingest.chat import conversing, realtime
        from channels_ingest.chat.models import ChatSession
        from channels_ingest.email import storms
        from helpdesk import dead_letters
        from helpdesk.backup import restoring
        from history import readers
        from tickets import merging, signals

        adapter.register_all()
        merging.register_moving("chat_sessions", ChatSession)
        signals.deliveries_queued.connect(outbound.start, dispatch_uid="channels_ingest.outbound")
        signals.agent_typing.connect(gestures.typing, dispatch_uid="channels_ingest.typing")
        signals.thread_read.connect(gestures.read, dispatch_uid="channels_ingest.read")
        realtime.connect()
        readers.register("chat", conversing.follow)
        storms.register()
        dead_letters.register(letters.JournalLetters())
        dead_letters.register(letters.OutboxLetters())
        restoring.afterwards.append(delivering.doubt_waiting)
