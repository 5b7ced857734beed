"""What an invitation (text/calendar) says, for the card above the message."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

MAX_LINES = 5000
# What Outlook calls the zones that its mails to Polish shops name.
WINDOWS_ZONES = {
    "Central European Standard Time": "Europe/Warsaw",
    "Central Europe Standard Time": "Europe/Budapest",
    "W. Europe Standard Time": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
    "GMT Standard Time": "Europe/London",
    "E. Europe Standard Time": "Europe/Chisinau",
    "FLE Standard Time": "Europe/Kiev",
    "UTC": "UTC",
}
_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[^:;]+)*):(.*)")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?")


@dataclass(frozen=True, slots=True)
class Invitation:
    """`method` is REQUEST, CANCEL, REPLY, or what else the calendar says."""

    method: str
    uid: str
    summary: str
    location: str
    organizer: str
    starts_at: datetime | None
    ends_at: datetime | None
    all_day: bool


def read_invitation(text: str) -> Invitation | None:
    """The first event of a calendar; None if there is none."""
    method, inside = "", 0
    event: dict[str, tuple[str, str]] = {}
    for name, parameters, value in _lines(text):
        if name == "BEGIN" and value.upper() == "VEVENT":
            inside += 1
        elif name == "END" and value.upper() == "VEVENT":
            break
        elif name == "METHOD" and not inside:
            method = value.strip().upper()[:20]
        elif inside:
            event.setdefault(name, (parameters, value))
    if not inside:
        return None
    starts_at, ends_at = (_moment(*event.get(name, ("", ""))) for name in ("DTSTART", "DTEND"))
    return Invitation(
        method=method,
        uid=_text(event, "UID"),
        summary=_text(event, "SUMMARY"),
        location=_text(event, "LOCATION"),
        organizer=re.sub(r"(?i)^mailto:", "", _text(event, "ORGANIZER")),
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=bool(starts_at) and "T" not in event["DTSTART"][1],
    )


def _lines(text: str) -> list[tuple[str, str, str]]:
    unfolded = re.sub(r"\r?\n[ \t]", "", text[:1_000_000])
    matches = (_LINE.match(line[:20_000]) for line in unfolded.splitlines()[:MAX_LINES])
    return [(found[1].upper(), found[2], found[3].strip()) for found in matches if found]


def _text(event: dict[str, tuple[str, str]], name: str) -> str:
    value = event.get(name, ("", ""))[1]
    return re.sub(r"\\([\\;,])", r"\1", re.sub(r"\\[nN]", "\n", value))[:2000]


def _moment(parameters: str, value: str) -> datetime | None:
    found = _STAMP.match(value)
    if not found:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        hour, minute, second = (int(part or 0) for part in found.groups()[3:6])
        clock = time(hour, minute, min(second, 59))
    except ValueError:
        return None
    return datetime.combine(day, clock, tzinfo=UTC if found[7] else _zone(parameters))


def _zone(parameters: str) -> ZoneInfo:
    """The zone a time names; what is not known counts as Polish time."""
    named = re.search(r'TZID="?([^";]{1,60})', parameters)
    name = named[1].strip() if named else ""
    try:
        return ZoneInfo(WINDOWS_ZONES.get(name, name) or "Europe/Warsaw")
    except (KeyError, OSError, ValueError):
        return ZoneInfo("Europe/Warsaw")
