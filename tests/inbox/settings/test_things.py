from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Team
from crm.models import Shop
from tests.factories import make_channel, make_shop, make_team, make_user
from tickets.models import Reason, Tag


def test_short_name_is_made_of_the_name_once(signed_in: Client) -> None:
    for _number in range(2):
        signed_in.post(reverse("settings:tag-new"), {"name": "Zwroty łódzkie"})

    assert sorted(tag.slug for tag in Tag.objects.all()) == ["zwroty-lodzkie", "zwroty-lodzkie-2"]


def test_shop_is_added_changed_and_removed(signed_in: Client) -> None:
    team = make_team()
    form = {"name": "Świeca", "locale": "pl", "timezone": "Europe/Warsaw", "teams": [team.pk]}
    signed_in.post(reverse("settings:shop-new"), form)
    shop = Shop.objects.get(slug="swieca")
    assert list(shop.teams.all()) == [team]

    changed = {**form, "slug": "swieca", "name": "Świeca i knot"}
    signed_in.post(reverse("settings:shop-edit", args=["swieca"]), changed)
    shop.refresh_from_db()
    assert shop.name == "Świeca i knot"

    signed_in.post(reverse("settings:shop-remove", args=["swieca"]))
    assert not Shop.objects.exists()
    entries = AuditEntry.objects.filter(object_kind="shop").order_by("pk")
    assert [entry.action for entry in entries] == ["shop.created", "shop.changed", "shop.removed"]
    assert (entries[1].before["name"], entries[1].after["name"]) == ("Świeca", "Świeca i knot")


def test_shop_in_use_stays(signed_in: Client) -> None:
    shop = make_shop("moj-sklep")
    make_channel(shop=shop)

    response = signed_in.post(reverse("settings:shop-remove", args=["moj-sklep"]), follow=True)

    assert "still in use" in response.content.decode()
    assert Shop.objects.filter(slug="moj-sklep").exists()
    assert not AuditEntry.objects.filter(action="shop.removed").exists()


@pytest.mark.parametrize("zone", ["Europe/Atlantis", ""])
def test_time_zone_is_a_real_one(signed_in: Client, zone: str) -> None:
    form = {"name": "Sklep", "locale": "pl", "timezone": zone}

    assert signed_in.post(reverse("settings:shop-new"), form).status_code == 422


def test_team_gets_its_members_and_keeps_who_is_turned_off(signed_in: Client) -> None:
    stays, goes, comes = make_user(), make_user(), make_user(teams=[])
    away = make_user(is_active=False)
    team = Team.objects.default()

    form = {"name": "Obsługa", "slug": "support", "members": [stays.pk, comes.pk]}
    signed_in.post(reverse("settings:team-edit", args=["support"]), form)

    assert set(team.members.all()) == {stays, comes, away}
    assert goes.teams.count() == 0


def test_default_team_moves_and_cannot_be_removed(signed_in: Client) -> None:
    team = make_team("Zwroty")
    signed_in.post(reverse("settings:team-default", args=[team.slug]))
    assert Team.objects.default() == team

    signed_in.post(reverse("settings:team-remove", args=[team.slug]))
    signed_in.post(reverse("settings:team-remove", args=["support"]))

    assert list(Team.objects.all()) == [team]


def test_reason_can_be_taken_out_of_use(signed_in: Client) -> None:
    signed_in.post(reverse("settings:reason-new"), {"name": "Faktura", "active": "on"})
    form = {"name": "Faktura", "slug": "faktura"}
    signed_in.post(reverse("settings:reason-edit", args=["faktura"]), form)

    assert not Reason.objects.get().active
    assert "not used any more" in signed_in.get(reverse("settings:reasons")).content.decode()


@pytest.mark.parametrize("section", ["shops", "teams", "tags", "reasons", "channels"])
def test_lists_cost_the_same_for_many(
    signed_in: Client,
    section: str,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    def fill() -> None:
        for number in range(3):
            shop = make_shop()
            make_channel(shop=shop, team=make_team())
            shop.teams.add(make_team())
            Tag.objects.create(name="x", slug=f"x{Tag.objects.count()}{number}")
            Reason.objects.create(name="x", slug=f"x{Reason.objects.count()}{number}")

    fill()
    with django_assert_max_num_queries(4) as first:
        signed_in.get(reverse(f"settings:{section}"))
    fill()
    with django_assert_num_queries(len(first)):
        signed_in.get(reverse(f"settings:{section}"))
