"""Makes conversations, the same for the same seed: pure, without the database."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from demo.sample.people import Person, person
from demo.sample.stories import PRODUCTS, STORIES, Story

# Polish shops hear from customers in the afternoon and evening, most of all on Mondays.
_HOURS = [1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 22, 20, 18, 17, 17, 16, 15, 15, 16, 18, 17, 13, 7, 3]
_WEEKDAYS = [22, 18, 16, 15, 14, 8, 7]
_WEEKS = 52
_CHANNELS = ("email", "chat", "messenger")
_CHANNEL_WEIGHTS = (60, 22, 18)
_PRIORITIES = ("low", "normal", "high", "urgent")
_PRIORITY_WEIGHTS = (8, 76, 12, 4)
_CUSTOMERS_A_TICKET = 0.4


@dataclass(frozen=True)
class Turn:
    """One message: `agent` is the index of who answered, None for the customer."""

    at: datetime
    text: str
    agent: int | None


@dataclass(frozen=True)
class Bought:
    """The order that a conversation is about."""

    number: str
    product: str
    amount: Decimal
    parcel: str
    days_before: int


@dataclass(frozen=True)
class Conversation:
    customer: int
    bought: Bought
    story: Story
    subject: str
    channel_kind: str
    priority: str
    status: str
    turns: tuple[Turn, ...]

    @property
    def assignee(self) -> int | None:
        """Who answered first; nobody while there is no answer."""
        return next((turn.agent for turn in self.turns if turn.agent is not None), None)


def customers(tickets: int, seed: int) -> list[Person]:
    """The people who write `tickets` tickets: some of them several times."""
    random = Random(f"{seed}-people")
    count = max(1, int(tickets * _CUSTOMERS_A_TICKET))
    return [person(random, f"{seed}{number:04d}") for number in range(count)]


def conversations(
    tickets: int,
    messages_each: int,
    *,
    seed: int,
    agents: int,
    now: datetime,
    weeks: int = _WEEKS,
) -> Iterator[Conversation]:
    """`tickets` conversations of the last `weeks`, oldest first, each with so many messages."""
    random = Random(seed)
    people = customers(tickets, seed)
    starts = sorted(_start(random, now, weeks) for _number in range(tickets))
    weights = [story.weight for story in STORIES]
    for began in starts:
        story = random.choices(STORIES, weights)[0]
        customer = random.randrange(len(people))
        yield _conversation(
            random,
            story,
            customer,
            people[customer],
            began=began,
            messages=messages_each,
            agents=agents,
            now=now,
        )


def waiting(
    tickets: int, *, seed: int, agents: int, now: datetime, people: int
) -> Iterator[Conversation]:
    """Conversations of today in which the customer waits: what an agent finds in the morning."""
    random = Random(f"{seed}-waiting")
    known = customers(int(people / _CUSTOMERS_A_TICKET), seed)
    weights = [story.weight for story in STORIES]
    for _number in range(tickets):
        story = random.choices(STORIES, weights)[0]
        customer = random.randrange(people)
        began = now.astimezone(UTC) - timedelta(minutes=random.randrange(4, 420))
        messages = 3 if len(story.turns) > 2 and random.random() < 0.35 else 1
        if messages > 1:
            began -= timedelta(hours=random.randrange(18, 40))
        talk = _conversation(
            random,
            story,
            customer,
            known[customer],
            began=began,
            messages=messages,
            agents=agents,
            now=now,
        )
        if talk.turns[-1].agent is None:
            yield replace(talk, status="new" if len(talk.turns) == 1 else "open")


def _start(random: Random, now: datetime, weeks: int) -> datetime:
    """A moment of the last weeks, more of them when people are awake and on Mondays."""
    week = random.randrange(weeks)
    weekday = random.choices(range(7), _WEEKDAYS)[0]
    hour = random.choices(range(24), _HOURS)[0]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=now.weekday())
    at = monday - timedelta(weeks=week) + timedelta(days=weekday, hours=hour)
    at += timedelta(seconds=random.randrange(3_600))
    return at.astimezone(UTC) if at < now else at.astimezone(UTC) - timedelta(weeks=weeks)


def _conversation(
    random: Random,
    story: Story,
    customer: int,
    who: Person,
    *,
    began: datetime,
    messages: int,
    agents: int,
    now: datetime,
) -> Conversation:
    filling = {
        "name": who.name,
        "order": f"{began:%Y/%m}/{random.randrange(10_000):04d}",
        "parcel": f"{6 * 10**23 + random.randrange(10**20)}",
        "product": random.choice(PRODUCTS),
        "amount": f"{random.randrange(39, 600)},{random.choice(('00', '90', '99'))}",
    }
    turns = _turns(random, story, filling, began=began, messages=messages, agents=agents, now=now)
    bought = Bought(
        number=filling["order"],
        product=filling["product"],
        amount=Decimal(filling["amount"].replace(",", ".")),
        parcel=filling["parcel"],
        days_before=random.randrange(2, 9),
    )
    return Conversation(
        customer=customer,
        bought=bought,
        story=story,
        subject=story.subject.format(**filling),
        channel_kind=random.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0],
        priority=random.choices(_PRIORITIES, _PRIORITY_WEIGHTS)[0],
        status=_status(random, turns, now),
        turns=turns,
    )


def _turns(
    random: Random,
    story: Story,
    filling: dict[str, str],
    *,
    began: datetime,
    messages: int,
    agents: int,
    now: datetime,
) -> tuple[Turn, ...]:
    """The story's turns, again from its second one where more messages are asked for."""
    agent = random.randrange(agents)
    turns, at = [], began
    for place in range(messages):
        length = len(story.turns)
        text = story.turns[place if place < length else 1 + (place - 1) % (length - 1)]
        by_agent = place % 2 == 1
        if by_agent:
            at = _at_work(random, at, now)
            if at >= now:
                break
        turns.append(Turn(at, text.format(**filling), agent if by_agent else None))
        wait = random.lognormvariate(3.6 if by_agent else 4.2, 0.9)
        at += timedelta(minutes=min(wait, 3_000))
        if at >= now:
            break
    return tuple(turns)


def _at_work(random: Random, at: datetime, now: datetime) -> datetime:
    """Agents answer when the shop is open; now and then one does it in the evening."""
    local = at.astimezone(now.tzinfo)
    if random.random() < 0.12:
        return at
    late = local.weekday() >= 5 or local.hour >= 16
    if late or local.hour < 8:
        local = local.replace(hour=8, minute=random.randrange(60)) + timedelta(days=int(late))
    while local.weekday() >= 5:
        local += timedelta(days=1)
    return local.astimezone(UTC)


def _status(random: Random, turns: tuple[Turn, ...], now: datetime) -> str:
    """Older ones are closed, the last fortnight's solved, the newest still at work."""
    age = now - turns[-1].at
    if age > timedelta(days=16):
        return "closed"
    if age > timedelta(hours=20) and random.random() < 0.93:
        return "solved"
    if len(turns) == 1:
        return "new"
    if turns[-1].agent is None:
        return "open"
    return random.choices(("pending", "on_hold", "solved"), (6, 1, 3))[0]
