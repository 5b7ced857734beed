"""Times as mails carry them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ZONES = {
    "CET": 60,
    "CEST": 120,
    "MEZ": 60,
    "MESZ": 120,
    "BST": 60,
    "EET": 120,
    "EEST": 180,
    "WET": 0,
    "MSK": 180,
    "JST": 540,
    "IST": 330,
}
_NAMED_ZONE = re.compile(r"\b([A-Z]{2,5})\)?\s*$")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?"
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)\b")
_COMMENT = re.compile(r"\([^()]*\)")
MAX_OFFSET_S = 24 * 3600 - 60


def parse_date(text: str) -> datetime | None:
    """An aware time from a Date field, None where there is none to be found.

    A time without a zone counts as UTC (RFC 5322's `-0000`).
    """
    text = text[:200].strip()
    if iso := _ISO.match(text):
        return _iso(iso)
    text = _OFFSET.sub(r"\1\2\3", text)
    bare = " ".join(_COMMENT.sub(" ", text).split())
    try:
        parts = parsedate_tz(bare)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if not parts:
        return None
    offset_s = parts[9]
    if offset_s in (None, 0) and (zone := _NAMED_ZONE.search(bare)):
        offset_s = _ZONES.get(zone[1], 0) * 60 or offset_s
    return _aware(parts[:6], offset_s or 0)


def date_of_received(received: str) -> datetime | None:
    """The time at the end of a Received field."""
    return parse_date(received.rpartition(";")[2])


def _aware(clock: tuple[int, ...], offset_s: int) -> datetime | None:
    year, month, day, hour, minute, second = clock
    if abs(offset_s) > MAX_OFFSET_S:
        offset_s = 0
    try:
        # A leap second, and 24:00 for midnight, are valid on the wire and none here.
        base = datetime(year, month, day, tzinfo=timezone(timedelta(seconds=offset_s)))
        moment = base + timedelta(
            hours=min(hour, 24), minutes=min(minute, 59), seconds=min(second, 60)
        )
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def _iso(match: re.Match[str]) -> datetime | None:
    clock = tuple(int(part or 0) for part in match.groups()[:6])
    zone = match[7]
    if not zone or zone == "Z":
        return _aware(clock, 0)
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return _aware(clock, sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60))
