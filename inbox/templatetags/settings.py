from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry

register = template.Library()

_CHECKS = {
    "database": _("Database"),
    "redis": _("Redis"),
    "migrations": _("Database structure"),
    "worker": _("Workers"),
    "scheduler": _("Scheduler"),
    "disk": _("Disk space"),
    "certificate": _("Certificate"),
    "clock": _("Clock"),
    "channels": _("Channels"),
    "journal": _("What came in"),
    "outbox": _("What goes out"),
    "dead_letters": _("Dead letters"),
    "storms": _("Storms of mail"),
}

# The first that fits counts: Edge and Opera also say Chrome, Chrome also says Safari.
_BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@register.filter
def browser(user_agent: str) -> str:
    """`Firefox, Windows` for a browser's long name; its beginning where it is none we know."""
    known = [
        next((name for mark, name in names.items() if mark in user_agent), None)
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(name for name in known if name) or user_agent[:40]


@register.filter
def differences(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """What an audit entry tells of: the name, the value before (None if there was none), after."""
    before, after = _flat(entry.before), _flat(entry.after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, before.get(name), after.get(name, "")) for name in names]


@register.filter
def check_name(name: str) -> str:
    """The name of a health check in the viewer's language, where we have one."""
    return str(_CHECKS.get(name, name))


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Settings inside of `settings` stand beside the other values; lists are read as one text."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value)
        else:
            flat[name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return flat
