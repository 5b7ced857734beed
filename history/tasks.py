from celery import shared_task

from history import readers, sequencing, waking

ROUTES = {"history.tasks.*": "live"}
# Seconds. A wake after commit makes it sooner; this finds what no wake told of.
SCHEDULE = {"history.tasks.follow": 1.0}


@shared_task(acks_late=True, ignore_result=True)
def follow() -> None:
    """Number what is committed and let every reader catch up."""
    waking.awake()
    sequencing.number_events()
    readers.read_all()
