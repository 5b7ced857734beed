"""What is aimed at, and what a bare machine of 2 cores can do, measured in the same way."""

GOALS = {
    "list": "p50 25 ms, p95 50 ms; 100/s at 8 clients; 10 queries",
    "ticket": "p50 30 ms, p95 60 ms; 14 queries",
    "search": "p50 60 ms, p95 150 ms",
    "api list": "p50 20 ms",
    "api one": "p50 20 ms",
    "inbound": "150 messages/s",
    "chat": "p99 100 ms",
    "memory": "700 MB",
}

FLOOR = {
    "list": "50 rows, 27 KB: p50 21-23 ms, 45-49/s a process, 88/s of two at 8 clients",
    "ticket": "of that the template 85 %",
    "search": "raw SELECT of 50 rows 1 ms, as objects 2 ms",
    "api list": "raw SELECT of 50 rows 1 ms, as objects 2 ms",
    "api one": "raw SELECT of a row by its key 0.2 ms",
    "inbound": "PostgreSQL, one row a transaction: 5,400/s; parsing of mail: 2,124/s",
    "chat": "echo to 200 sockets: p50 13.5 ms",
    "memory": "uvicorn with 200 sockets: 38 MiB",
}
