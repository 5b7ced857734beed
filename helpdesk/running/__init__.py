"""Starting, watching and ending the processes of one machine.

Nothing in here needs Django to be set up: the supervisor stays small.
"""


class Problem(Exception):
    """The helpdesk cannot start; says in one sentence why and what to do."""
