"""The definitions of contracts/kpi.md, by its computed cases."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kpi import cells as counting
from kpi import story as telling
from kpi.cells import Place
from tests.kpi.events import Teller
from tickets.sla.calendar import WorkingHours, minutes

CASES = json.loads((Path(__file__).parent / "fixtures" / "cases.json").read_text())
WARSAW = ZoneInfo("Europe/Warsaw")


def hours(name: str) -> WorkingHours:
    calendar = CASES["calendars"][name]

    def periods(rows):
        return tuple((minutes(opens), minutes(closes)) for opens, closes in rows)

    return WorkingHours(
        zone=WARSAW,
        week=tuple(periods(calendar["weekly"].get(str(day), [])) for day in range(7)),
        country="PL" if calendar["holidays_closed"] else "",
        days={
            date.fromisoformat(day): periods(rows) for day, rows in calendar["overrides"].items()
        },
    )


def place(name: str = "office", *, live: bool = False) -> Place:
    return Place(WARSAW, live, lambda _moment: hours(name))


def moment(text: str) -> telling.Moment:
    return telling.Moment(datetime.fromisoformat(text), 1, 1, 1, None)


def by_name(cases):
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", by_name(CASES["durations"]))
def test_durations(case):
    start, end = moment(case["start"]), datetime.fromisoformat(case["end"])

    assert place().calendar_seconds(start.at, end) == case["calendar_seconds"]
    assert place(case["calendar"]).business_seconds(start, end) == case["business_seconds"]


@pytest.mark.parametrize("case", by_name(CASES["due_dates"]))
def test_due_dates(case):
    due = hours(case["calendar"]).add(
        datetime.fromisoformat(case["start"]), timedelta(seconds=case["business_seconds"])
    )

    assert due == datetime.fromisoformat(case["due"])


def told(case) -> telling.Story:
    """The case's events in the words of the product."""
    row: Any = SimpleNamespace(pk=1, team_id=1, customer_id=1, shop_id=1, channel_id=1)
    teller = Teller(row)
    teller.created(datetime.fromisoformat(case["events"][0]["at"]))
    for item in case["events"]:
        at, who = datetime.fromisoformat(item["at"]), 1
        if "agent" in item:
            who = int(item["agent"].removeprefix("a"))
        match item["kind"], item.get("event"):
            case "customer", _:
                teller.customer_writes(at, thanks=item.get("thanks", False))
            case "agent_public", _:
                teller.answered(at, who)
            case "auto_reply", _:
                teller.acknowledged(at)
            case "bot", _:
                teller.answered(at, 1, kind="bot")
            case "internal_note", _:
                teller.event("message.noted", at, actor=("agent", who))
            case "system", "bot_handoff":
                teller.event("ticket.handed_over", at)
            case "system", "waiting_customer":
                teller.status_is(at, "pending")
            case "system", status:
                by = "system" if item.get("by") else "agent"
                teller.status_is(at, status, actor=(by, 1))
    story = telling.tell(rows(teller))
    assert story is not None
    return story


def rows(teller: Teller) -> list[telling.Row]:
    events = teller.events
    for number, event in enumerate(events):
        event.pk = event.pk or number + 1
    return [
        telling.Row._make(getattr(event, name) for name in telling.Row._fields) for event in events
    ]


@pytest.mark.parametrize("case", by_name(CASES["tickets"]))
def test_tickets(case):
    story = told(case)
    here = place(case["calendar"])
    took = counting.durations(story, here)
    first_solved = story.solves[0].at.at if story.solves else None

    found = {
        "frt_calendar_seconds": took.frt and took.frt.calendar,
        "frt_business_seconds": took.frt and took.frt.business,
        "frt_human_calendar_seconds": took.frt and took.frt.calendar,
        "frt_total_calendar_seconds": took.frt_total and took.frt_total.calendar,
        "frt_agent": story.first_reply and f"a{story.first_reply.agent}",
        "nrt_calendar_seconds": [lasted.calendar for lasted in took.nrt],
        "agent_turns": story.replies,
        "customer_turns": len(story.turns),
        "contact_start": story.contact and story.contact.at,
        "art_first_calendar_seconds": took.art_first and took.art_first.calendar,
        "art_full_calendar_seconds": took.art and took.art.calendar,
        "art_full_business_seconds": took.art and took.art.business,
        "net_handling_calendar_seconds": took.net and took.net.calendar,
        "reopened": story.reopened,
        "auto_solved": bool(story.solves) and story.solves[-1].automatic,
        "no_reply": bool(story.solves) and not story.replies,
        "fcr": {True: "yes", False: "no", None: None}[counting.fcr(story, here)],
        "fcr_matures_at": first_solved and first_solved + telling.WINDOW,
    }
    expected = {
        key: datetime.fromisoformat(value) if key in ("contact_start", "fcr_matures_at") else value
        for key, value in case["expect"].items()
    }
    assert {key: found[key] for key in expected} == expected
