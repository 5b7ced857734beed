"""Takes out each lock, unique constraint, signature check and access filter: a test must notice.

`make mutants` runs all of them, `python -m tests.mutants lock:tickets` those whose name begins so,
`--list` prints which tests hold what. The code is changed in a copy.
"""
