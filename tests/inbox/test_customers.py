"""Everybody, and one customer with all that is between them and the shops."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from crm.models import Consent, Customer, CustomerField
from tests.factories import make_channel, make_incoming, make_order, make_ticket, make_user
from tickets.receiving import receive

ADDRESS = "anna@example.com"


@pytest.fixture
def anna(mailbox) -> Customer:
    return receive(make_incoming(mailbox, sender=ADDRESS)).ticket.customer


def page(client, customer) -> str:
    response = client.get(reverse("inbox:customer", args=[customer.public_id]))
    assert response.status_code == 200
    return str(response.content.decode())


def names(client, **query) -> set[str]:
    rows = client.get(reverse("inbox:customers"), query).context["page"].rows
    return {str(row.customer.public_id) for row in rows}


class TestList:
    @pytest.mark.parametrize(
        ("query", "is_found"),
        [
            ({}, True),
            ({"q": "anna@"}, True),
            ({"q": "kowal"}, True),
            ({"q": "10421"}, True),
            ({"q": "nikt"}, False),
            ({"segment": "vip"}, False),
            ({"segment": "waiting"}, True),
            ({"segment": "buyers"}, True),
            ({"segment": "returning"}, False),
            ({"segment": "quiet"}, False),
            ({"segment": "no-orders"}, False),
            ({"segment": "new"}, True),
            ({"shop": "las"}, True),
            ({"shop": "inny"}, False),
            ({"order": "recent"}, True),
        ],
        ids=str,
    )
    def test_is_narrowed(self, agent_client, anna, mailbox, query, is_found):
        type(mailbox.shop).objects.filter(pk=mailbox.shop_id).update(slug="las")
        make_order(mailbox.shop, number="10421", customer={"email": ADDRESS})

        assert (str(anna.public_id) in names(agent_client, **query)) == is_found

    @pytest.mark.parametrize("order", ["name", "recent"])
    def test_pages_by_key(self, agent_client, mailbox, order, monkeypatch):
        monkeypatch.setattr("inbox.people.PAGE_SIZE", 2)
        everybody = {str(make_ticket(mailbox).customer.public_id) for _ in range(5)}
        found, after = [], ""
        while True:
            query = {"order": order, "after": after}
            shown = agent_client.get(reverse("inbox:customers"), query).context["page"]
            found += [str(row.customer.public_id) for row in shown.rows]
            if not (after := shown.after):
                break

        assert len(found) == 5
        assert set(found) == everybody

    def test_costs_the_same_for_three_and_thirty(self, agent_client, mailbox):
        counts = []
        for people in [3, 27]:
            for _person in range(people):
                make_ticket(mailbox)
            with CaptureQueriesContext(connection) as captured:
                agent_client.get(reverse("inbox:customers"))
            counts.append(len(captured))

        # Session, user, customers, identities, orders, tickets, shops.
        assert counts[0] == counts[1] <= 8


class TestPage:
    def test_shows_everything_between_them_and_the_shop(self, agent_client, anna, mailbox, agent):
        mailbox.shop.teams.add(agent.teams.get())
        consent = {"granted": True, "at": "2026-11-01T10:00:00Z", "text_id": "v3"}
        for number in ("10421", "10422"):
            make_order(
                mailbox.shop,
                number=number,
                placed_at=f"2026-11-{number[-1]}0T10:00:00Z",
                customer={"external_id": "77", "email": ADDRESS},
                consents={"marketing_email": consent},
            )

        shown = page(agent_client, anna)

        assert "98,00\u00a0zł" in shown
        assert "#10421" in shown
        assert "#10422" in shown
        assert "marketing_email" in shown
        assert "77" in shown
        assert anna.tickets.get().subject in shown

    def test_other_shops_and_teams_stay_unseen(self, agent_client, anna):
        other = make_channel(team=make_user().teams.model.objects.create(name="B", slug="b"))
        make_order(other.shop, number="99999", customer={"email": ADDRESS})
        receive(make_incoming(other, sender=ADDRESS, subject="Tajne"))
        Consent.objects.create(
            customer=anna,
            shop=other.shop,
            purpose="tajny_cel",
            granted=True,
            source="x",
            given_at="2026-01-01T00:00:00Z",
        )

        shown = page(agent_client, anna)

        assert "99999" not in shown
        assert "Tajne" not in shown
        assert "tajny_cel" not in shown

    def test_own_fields_are_kept(self, agent_client, anna):
        CustomerField.objects.create(slug="rozmiar", name="Rozmiar buta")
        address = reverse("inbox:customer", args=[anna.public_id])

        answer = agent_client.post(
            address, {"name": "Anna", "field_rozmiar": "38", "vip": "on", "note": "stała"}
        )

        assert answer.status_code == 302
        anna.refresh_from_db()
        assert (anna.fields, anna.vip, anna.note) == ({"rozmiar": "38"}, True, "stała")
        assert 'value="38"' in page(agent_client, anna)

    def test_many_orders_and_tickets_cost_no_more(self, agent_client, anna, mailbox):
        counts = []
        for number in [2, 8]:
            for _round in range(number):
                make_order(mailbox.shop, customer={"email": ADDRESS})
                receive(make_incoming(mailbox, sender=ADDRESS))
            with CaptureQueriesContext(connection) as captured:
                page(agent_client, anna)
            counts.append(len(captured))

        assert counts[0] == counts[1]


class TestMerging:
    @pytest.fixture
    def other(self, mailbox) -> Customer:
        sent = make_incoming(mailbox, sender="a.kowalska@firma.example")
        return receive(sent).ticket.customer

    def test_is_suggested_and_never_done_by_itself(self, agent_client, anna, mailbox, agent):
        mailbox.shop.teams.add(agent.teams.get())
        order = make_order(mailbox.shop, customer={"external_id": "1", "phone": "600 123 456"})
        make_order(
            mailbox.shop,
            customer={"external_id": "2", "email": ADDRESS, "phone": "600123456"},
        )

        shown = page(agent_client, anna)

        assert str(order.customer.public_id) in shown
        assert not Customer.objects.filter(merged_into__isnull=False).exists()

    def test_merges_and_takes_apart(self, agent_client, anna, other):
        assert str(other.public_id) in page(agent_client, anna)  # the same name
        address = reverse("inbox:customer-merge", args=[anna.public_id])

        assert agent_client.post(address, {"other": other.public_id}).status_code == 302
        assert anna.tickets.count() == 2
        log = anna.merges.get()
        away = reverse("inbox:customer-unmerge", args=[anna.public_id, log.pk])
        assert away in page(agent_client, anna)

        assert agent_client.post(away).status_code == 302
        assert anna.tickets.count() == 1

    def test_needs_both_ends(self, agent_client, anna, outsider, manager):
        hidden = make_ticket(
            make_channel(team=make_user().teams.model.objects.create(name="B", slug="b"))
        ).customer
        address = reverse("inbox:customer-merge", args=[anna.public_id])

        assert agent_client.post(address, {"other": hidden.public_id}).status_code == 404
        assert agent_client.post(address, {"other": "x"}).status_code == 404
        assert outsider.post(address, {"other": hidden.public_id}).status_code == 404
        assert manager.post(address, {"other": hidden.public_id}).status_code == 403


def test_export_has_no_formulas_and_is_audited(agent_client, anna, manager):
    Customer.objects.filter(pk=anna.pk).update(
        name="=HYPERLINK(1)", note="PESEL 44051401359", sort_key="h"
    )
    address = reverse("inbox:customers-export")

    assert agent_client.get(address).status_code == 403
    content = b"".join(manager.get(address)).decode("utf-8-sig")
    [_heading, row] = csv.reader(io.StringIO(content), delimiter=";")

    assert row[1] == "'=HYPERLINK(1)"
    assert row[2] == ADDRESS
    assert "44051401359" not in row[6]
    assert AuditEntry.objects.filter(action="customers.exported").count() == 1
