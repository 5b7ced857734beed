"""The customer's Messenger: writes to the real webhook, and keeps what the Page answers.

The Page's answers come to the stand-in, in a process of its own; the conversation is a file that
both add lines to.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from demo.connections import demo_channels
from demo.customer import NotTaken
from demo.standins import meta_events
from demo.standins.meta import Graph, Page, Sent
from tickets.models import Channel

# The one person of the demo who uses Messenger.
PERSON = "7312048846590011"
PROFILE = {"first_name": "Zofia", "last_name": "Wróbel"}
_MOST_SHOWN = 30


@dataclass(frozen=True)
class Line:
    """One thing said: `who` is customer or shop."""

    who: str
    text: str


def talk() -> list[Line]:
    """The conversation's newest lines, oldest first."""
    if not _file().exists():
        return []
    lines = _file().read_text().splitlines()[-_MOST_SHOWN:]
    return [Line(**json.loads(line)) for line in lines]


def write(text: str) -> None:
    """Write to the first shop's Page, signed as Meta signs. Raises `NotTaken`."""
    channel = demo_channels("messenger")[0]
    page = _page(channel)
    event = meta_events.text(page.page_id, PERSON, text)
    try:
        answer = meta_events.post(page.callback_url, page.app_secret, meta_events.batch(event))
    except OSError as e:
        raise NotTaken(str(e)) from e
    if answer.status_code != 200:
        raise NotTaken(f"HTTP {answer.status_code}")
    _add(Line("customer", text))


def graph() -> Graph:
    """The stand-in for Meta that serves the demo's Pages."""
    standin = Graph(pages, reports=True)
    standin.profiles[PERSON] = PROFILE
    standin.on_sent.append(_answered)
    return standin


def pages() -> Iterable[Page]:
    return [_page(channel) for channel in demo_channels("messenger")]


def _page(channel: Channel) -> Page:
    secrets = channel.connection.secrets
    return Page(
        page_id=str(channel.connection.setting("page_id", "")),
        token=secrets["page_token"],
        app_secret=secrets["app_secret"],
        app_id=str(channel.connection.setting("app_id", "")),
        name=channel.shop.name,
        callback_url=f"{settings.BASE_URL}/hooks/messenger/{channel.public_id}/",
    )


def _answered(sent: Sent) -> None:
    if sent.person == PERSON:
        _add(Line("shop", sent.message.get("text") or (sent.file[0] if sent.file else "")))


def _add(line: Line) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True)
    with _file().open("a") as file:
        file.write(json.dumps({"who": line.who, "text": line.text}) + "\n")


def _file() -> Path:
    return Path(settings.DATA_DIR) / "demo" / "messenger.jsonl"
