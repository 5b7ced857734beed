"""The product under load while its processes are killed: what came, and what went, is counted.

`make chaos`, or `python -m tests.chaos --rounds 50 --items 2000 --seed 1`. The product runs as
`make run` starts it, with PostgreSQL and Redis of its own; mailboxes, mail servers, visitors and
Meta are played from outside.
"""
