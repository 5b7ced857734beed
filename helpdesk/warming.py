"""What is loaded once, before the processes of the helpdesk are copied, so that they share it."""

from collections.abc import Callable

_loaders: list[Callable[[], None]] = []


def register(load: Callable[[], None]) -> None:
    """Add something large that processes need (from `AppConfig.ready`)."""
    _loaders.append(load)


def warm() -> None:
    for load in _loaders:
        load()
