from django.apps import AppConfig


class ChannelsIngestConfig(AppConfig):
    name = "channels_ingest"

    def ready(self) -> None:
        from channels_ingest import adapter, outbound
        from channels_ingest.chat import conversing, realtime
        from history import readers
        from tickets import signals

        adapter.register_all()
        signals.deliveries_queued.connect(outbound.start, dispatch_uid="channels_ingest.outbound")
        realtime.connect()
        readers.register("chat", conversing.follow)
