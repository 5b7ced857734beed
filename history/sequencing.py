"""Numbers the committed events, so that no reader can miss one that commits late.

Ids are given before commit, so a transaction that takes long makes an event visible whose id is
lower than ids already read. `seq` is given after commit, by one sequencer at a time.
"""

from django.db import connection, transaction

# Any fixed number; it names the lock among the advisory locks of this database.
_LOCK = 7_160_201

_NUMBER = """
    WITH visible AS (
        SELECT id, row_number() OVER (ORDER BY id) AS n
        FROM (SELECT id FROM history_event WHERE seq IS NULL ORDER BY id LIMIT %(limit)s) unnumbered
    )
    UPDATE history_event SET seq = (SELECT coalesce(max(seq), 0) FROM history_event) + visible.n
    FROM visible WHERE history_event.id = visible.id
"""


@transaction.atomic
def number_events(limit: int = 5_000) -> int:
    """Give the next numbers to committed events, by id. Returns how many; 0 if another is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        if not row or not row[0]:
            return 0
        cursor.execute(_NUMBER, {"limit": limit})
        return int(cursor.rowcount)
