"""The shops, teams and channels that samples belong to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from accounts.models import Team, User
from channels_ingest.models import Connection
from crm.models import Shop, TeamShop
from demo.sample.answers import CANNED_REPLIES
from demo.sample.stories import REASONS, TAGS
from demo.sample.storing import World
from tickets import kinds
from tickets.models import CannedReply, Channel, Policy, Reason, Tag
from tickets.sla import policies
from tickets.sla.models import Step

_SHOPS = (("las", "Sklep Las"), ("turnia", "Turnia Outdoor"))
_AGENTS = (
    ("ola@demo.example", "Ola Zielińska"),
    ("kasia@demo.example", "Kasia Mazur"),
    ("tomek@demo.example", "Tomek Wróbel"),
    ("bartek@demo.example", "Bartek Sikora"),
)
_WARNING = Step(75, Step.Do.NOTIFY)
# Beside the standard promises, so that the list shows clocks of every length.
_PROMISES: dict[str, dict[str, Any]] = {
    "Pilne": {
        "conditions": {"priorities": ["high", "urgent"]},
        "first_response_minutes": 60,
        "resolution_minutes": 8 * 60,
        "steps": (_WARNING, Step(100, Step.Do.NOTIFY_SUPERVISORS)),
    },
    "Czat i komunikatory": {
        "conditions": {"channel_kinds": ["chat", "messenger"]},
        "first_response_minutes": 15,
        "next_response_minutes": 30,
        "resolution_minutes": 8 * 60,
        "steps": (_WARNING,),
    },
}


def make(*, agents: Sequence[User] = (), is_demo: bool = False) -> World:
    """Find or make what the samples need. Its own people cannot sign in: they have no password."""
    team = Team.objects.default()
    shops = [
        Shop.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in _SHOPS
    ]
    for shop in shops:
        TeamShop.objects.get_or_create(team=team, shop=shop)
    for folder, name, body in CANNED_REPLIES:
        CannedReply.objects.get_or_create(name=name, defaults={"folder": folder, "body": body})
    for name, changes in _PROMISES.items():
        if not Policy.objects.filter(name=name).exists():
            standard = policies.newest(Policy.objects.get(is_default=True))
            policies.create(name, replace(policies.Promise.of(standard), **changes))
    return World(
        channels={
            kind: [_channel(kind, shop, is_demo=is_demo) for shop in shops]
            for kind in ("email", "chat", "messenger")
        },
        agents=agents or [_agent(email, name, team, is_demo=is_demo) for email, name in _AGENTS],
        team=team,
        reasons={
            slug: Reason.objects.get_or_create(slug=slug, defaults={"name": name})[0]
            for slug, name in REASONS.items()
        },
        tags={
            slug: Tag.objects.get_or_create(slug=slug, defaults={"name": name})[0]
            for slug, name in TAGS.items()
        },
    )


def _agent(email: str, name: str, team: Team, *, is_demo: bool) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, name=name, is_demo=is_demo)
        user.teams.add(team)
    return user


def _channel(kind: str, shop: Shop, *, is_demo: bool) -> Channel:
    """A channel without a working connection; the demo gives it one."""
    label = {"email": f"pomoc@{shop.slug}.example", "chat": "Czat", "messenger": "Messenger"}[kind]
    channel = Channel.objects.filter(kind=kind, shop=shop).first()
    if channel is None:
        channel = Channel.objects.create(
            kind=kind,
            name=label if kind == "email" else f"{label} {shop.name}",
            shop=shop,
            follow_up_days=kinds.get(kind).follow_up_days,
            is_demo=is_demo,
        )
        settings = {"address": label} if kind == "email" else {}
        Connection.objects.create(
            channel=channel, settings=settings, account=settings.get("address", "")
        )
    return channel
