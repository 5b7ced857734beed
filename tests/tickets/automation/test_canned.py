"""Prepared answers: found by a beginning, filled in for the ticket, each for its teams."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Team, User
from crm.models import Customer
from tests.factories import make_shop, make_team, make_ticket, make_user
from tickets.automation import canned, placeholders
from tickets.models import Attachment, CannedReply, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> User:
    return make_user(name="Ola Lis")


@pytest.fixture
def ticket() -> Ticket:
    ticket = make_ticket()
    Customer.objects.filter(pk=ticket.customer_id).update(name="Marek Wójcik", first_name="")
    return Ticket.objects.select_related("customer", "shop").get(pk=ticket.pk)


def _reply(name: str, body: str = "Treść", **fields) -> CannedReply:
    return CannedReply.objects.create(name=name, body=body, **fields)


def _client(user: User) -> Client:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(user)
    return client


def _names(words: str, ticket: Ticket, user: User) -> list[str]:
    return [reply.name for reply in canned.find(words, ticket, user)]


def test_found_by_beginnings_of_words_without_diacritics(agent, ticket):
    _reply("Opóźniona paczka", folder="Wysyłka")
    _reply("Zwrot - jak odesłać")

    assert _names("opoz", ticket, agent) == ["Opóźniona paczka"]
    assert _names("wys pacz", ticket, agent) == ["Opóźniona paczka"]
    assert _names("odesłać", ticket, agent) == ["Zwrot - jak odesłać"]
    assert _names("aczka", ticket, agent) == []


def test_the_most_used_stand_first_and_names_before_folders(agent, ticket):
    _reply("Inna", folder="Zwroty", times_used=9)
    _reply("Zwrot", times_used=1)
    _reply("Zwrot pieniędzy", times_used=5)

    assert _names("zwro", ticket, agent) == ["Zwrot pieniędzy", "Zwrot", "Inna"]


def test_only_those_of_own_teams_and_of_the_tickets_shop(agent, ticket):
    _reply("Dla wszystkich")
    _reply("Cudzy zespół").teams.add(make_team())
    _reply("Nasz zespół").teams.add(Team.objects.default())
    _reply("Inny sklep").shops.add(make_shop())
    _reply("Nasz sklep").shops.add(ticket.shop)

    assert set(_names("", ticket, agent)) == {"Dla wszystkich", "Nasz zespół", "Nasz sklep"}


def test_placeholders_are_filled_in_with_fallbacks(agent, ticket):
    text = (
        "Dzień dobry, {{customer.salutation|Państwo}}! #{{ ticket.number }}, {{agent.first_name}}"
    )

    assert placeholders.fill(text, ticket, agent) == (
        f"Dzień dobry, Panie Marku! #{ticket.number}, Ola"
    )
    ticket.customer.name = ""
    assert placeholders.fill(text, ticket, agent).startswith("Dzień dobry, Państwo!")


@pytest.mark.parametrize(
    "hostile",
    ["{{7*7}}", "{{agent.name}}", "{{ticket.__class__}}", "{% load x %}", "{{request}}"],
)
def test_words_of_customers_are_never_read_as_placeholders(hostile, agent, ticket):
    ticket.subject = ticket.customer.name = hostile

    assert placeholders.fill("{{ticket.subject}} {{customer.name}}", ticket, agent) == (
        f"{hostile} {hostile}"
    )


def test_no_placeholder_reaches_anything_else(agent, ticket):
    for name in ["agent.password", "ticket.__class__", "request", "customer.note"]:
        assert placeholders.fill("{{" + name + "|nic}}", ticket, agent) == "nic"
        assert placeholders.unknown("{{" + name + "}}") == [name]


def test_use_fills_in_counts_and_brings_files(agent, ticket):
    reply = _reply("Etykieta", "Witaj, {{customer.name}}")
    supervisor = _client(make_user("admin"))
    file = SimpleUploadedFile("etykieta.txt", b"Etykieta zwrotna")
    address = reverse("settings:canned-edit", args=[reply.public_id])
    supervisor.post(address, {"name": reply.name, "body": reply.body, "added": [file]})

    address = reverse("inbox:canned-use", args=[ticket.number, reply.public_id])
    used = _client(agent).post(address).json()

    assert used["text"] == "Witaj, Marek Wójcik"
    assert [each["name"] for each in used["files"]] == ["etykieta.txt"]
    reply.refresh_from_db()
    assert reply.times_used == 1
    sent = _client(agent).post(
        reverse("inbox:reply", args=[ticket.number]),
        {"body": used["text"], "uploads": [used["files"][0]["id"]]},
    )
    assert sent.status_code == 200
    assert Attachment.objects.filter(canned_reply=reply).count() == 1, "it keeps its own"


def test_one_of_another_team_cannot_be_used(agent, ticket):
    reply = _reply("Cudza")
    reply.teams.add(make_team())
    address = reverse("inbox:canned-use", args=[ticket.number, reply.public_id])

    assert _client(agent).post(address).status_code == 404


def test_supervisor_writes_for_own_teams_alone():
    supervisor, other = make_user("supervisor"), make_team()
    client, address = _client(supervisor), reverse("settings:canned-new")
    fields = {"name": "Zwrot", "body": "Proszę odesłać."}

    assert client.post(address, fields).status_code == 422
    assert client.post(address, {**fields, "teams": [other.pk]}).status_code == 422
    assert client.post(address, {**fields, "teams": [Team.objects.default().pk]}).status_code == 302
    assert AuditEntry.objects.filter(action="canned_reply.created").exists()
    for_all = _reply("Dla wszystkich")
    assert client.get(reverse("settings:canned-edit", args=[for_all.public_id])).status_code == 404


def test_text_with_an_unknown_placeholder_is_refused_by_name():
    client = _client(make_user("admin"))

    page = client.post(
        reverse("settings:canned-new"), {"name": "Zła", "body": "{{customer.pasword}}"}
    )

    assert page.status_code == 422
    assert "customer.pasword" in page.content.decode()


def test_preview_shows_samples_and_trusts_nothing():
    client = _client(make_user("admin"))
    body = "Dzień dobry, {{customer.salutation}}<script>"

    page = client.post(reverse("settings:canned-preview"), {"body": body}).content.decode()

    assert "Dzień dobry, Pani Katarzyno&lt;script&gt;" in page


def test_file_taken_off_the_form_goes_and_another_stays():
    reply = _reply("Etykieta")
    client, address = (
        _client(make_user("admin")),
        reverse("settings:canned-edit", args=[reply.public_id]),
    )
    files = [SimpleUploadedFile(name, b"x") for name in ("a.txt", "b.txt")]
    client.post(address, {"name": "Etykieta", "body": "x", "added": files})
    kept = reply.files.get(name="b.txt")

    client.post(address, {"name": "Etykieta", "body": "x", "kept": [kept.pk]})

    assert [file.name for file in reply.files.all()] == ["b.txt"]
