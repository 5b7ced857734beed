"""The words of the table: who asks, what they get, and the rules that most addresses follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.access.scene import Scene


class Outcome(Enum):
    IN = "let in"
    SIGN_IN = "sent to the sign-in"
    REFUSED = "refused"
    HIDDEN = "not found"


IN, SIGN_IN, REFUSED, HIDDEN = Outcome

# Those of the team's own ticket, by what they may.
STAFF = ("agent", "supervisor", "manager", "admin")
VIEWERS = (
    *STAFF,
    "outsider",  # agent of another team
    "anonymous",
    "visitor",  # whose chat is the team's
    "stranger",  # a visitor of the same widget, with another conversation
    "foreign_key",  # an admin's key, for another shop
    "bare_key",  # an admin's key without a scope
)
NO_SESSION = ("anonymous", "visitor", "stranger", "foreign_key", "bare_key")

Rule = Mapping[str, Outcome]


def rule(everybody: Outcome, **others: Outcome) -> Rule:
    """`everybody` gets the one, those named the other."""
    return {**dict.fromkeys(VIEWERS, everybody), **others}


# Pages: a session decides; programs and customers have none.

EVERYBODY = rule(IN)
NOBODY = rule(HIDDEN)
SIGNED_IN = rule(IN, **dict.fromkeys(NO_SESSION, SIGN_IN))
SEES_TICKET = {**SIGNED_IN, "outsider": HIDDEN}
CHANGES_TICKET = {**SEES_TICKET, "manager": REFUSED}
ANSWERS = {**SIGNED_IN, "manager": REFUSED}
ADMINS = {
    **SIGNED_IN,
    **dict.fromkeys(("agent", "supervisor", "manager", "outsider"), REFUSED),
}
MANAGERS = {**ADMINS, "manager": IN}
SUPERVISORS = {**ADMINS, "supervisor": IN}
# Django's own pages, for whoever runs the server: no role opens them.
OPERATORS = rule(SIGN_IN)

# The widget: a visitor's token decides. Another visitor is let in as well, to their own things.

PAGE_OF_SHOP = EVERYBODY
VISITORS = rule(SIGN_IN, visitor=IN, stranger=IN)

# The API: a key decides, by its user, its scopes and its shops.

KEYS = rule(IN, anonymous=SIGN_IN, visitor=SIGN_IN, stranger=SIGN_IN, bare_key=REFUSED)
KEYS_OF_SHOP = {**KEYS, "outsider": HIDDEN, "foreign_key": HIDDEN}
KEYS_CHANGE = {**KEYS_OF_SHOP, "manager": REFUSED}
KEYS_WRITE = {**KEYS, "manager": REFUSED}
KEYS_OF_ADMIN = {
    **KEYS,
    **dict.fromkeys(("agent", "supervisor", "manager", "outsider"), REFUSED),
    "foreign_key": HIDDEN,
}
# What belongs to no shop: a key of one shop may change it as well, if it is an admin's.
KEYS_OF_ADMIN_ALONE = {**KEYS_OF_ADMIN, "foreign_key": IN}


KEYS_OF_MANAGER = {**KEYS, **dict.fromkeys(("agent", "supervisor", "outsider"), REFUSED)}


@dataclass(frozen=True)
class Row:
    """What one address answers to each viewer, and how it is asked.

    `at`: the attribute of the scene that fills the arguments of the address, where their names do
    not say which thing is meant, or a function that makes the arguments.
    """

    rule: Rule
    at: str | Callable[[Scene], dict[str, Any]] = ""
    data: Callable[[Scene], dict[str, Any]] = field(default=lambda _scene: {})
    # Where reading and writing at one address differ.
    post: Rule | None = None
    query: Callable[[Scene], dict[str, Any]] = field(default=lambda _scene: {})
