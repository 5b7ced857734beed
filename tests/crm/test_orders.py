"""Orders as shops send them: by the contract, in any order, any number of times."""

import copy
import json
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from crm.errors import IdMismatch, MetaTooLarge
from crm.identifying import Handle
from crm.models import Consent, Customer, CustomerShop, Identity, Order
from crm.orders import accepting, contract
from crm.orders.accepting import Result
from crm.orders.paying import payment_state
from history.models import Event
from tests.factories import make_order, make_shop, make_ticket, order_document

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def accept(shop, document):
    return accepting.accept_order(shop, document["external_id"], copy.deepcopy(document))


class TestContract:
    @pytest.mark.parametrize("name", ["order", "order_minimal", "order_allegro"])
    def test_accepts(self, name):
        assert contract.faults(fixture(name)) == []

    @pytest.mark.parametrize("case", fixture("invalid")["cases"], ids=lambda case: case["name"])
    def test_refuses(self, case):
        [fault] = contract.faults(case["document"])

        assert "".join(f"/{step}" for step in fault.path) == case["pointer"]
        assert fault.code == case["code"]

    def test_names_every_fault_of_a_document(self):
        expected = fixture("batch_response")["body"]["results"][1]["errors"]

        found = contract.faults(fixture("batch_request")["orders"][1])

        assert {fault.code for fault in found} == {error["code"] for error in expected}

    def test_has_the_published_digest(self):
        signed = fixture("push_signature")

        assert contract.digest(json.loads(signed["raw_body"])) == signed["canonical_sha256"]

    @pytest.mark.parametrize("at", ["2026-02-31T10:00:00Z", "2026-11-22T10:00:00+25:00"])
    def test_knows_the_calendar(self, at):
        [fault] = contract.faults(order_document(placed_at=at))

        assert fault.code == "datetime"


@pytest.mark.django_db
class TestAccepting:
    def test_keeps_all_that_the_shop_tells(self):
        shop, document = make_shop(), fixture("order")

        assert accept(shop, document) == Result.CREATED

        order = Order.objects.get()
        assert order.placed_at == datetime(2026, 11, 19, 17, 42, 7, tzinfo=UTC)
        assert (order.status, order.payment_state) == ("shipped", "paid")
        assert [line.sku for line in order.lines.all()] == ["SP-101-CZ-M", "PA-7"]
        [shipment] = order.shipments.all()
        assert (shipment.status, shipment.carrier) == ("ready_for_pickup", "inpost")
        assert {**order.document, "shipments": [shipment.document]} == document
        assert order.customer.name == "Anna Przykładowa"
        assert set(order.customer.identities.values_list("kind", "value")) == {
            ("email", "anna@example.pl"),
            ("phone", "+48600123456"),
        }
        assert order.customer.shops.get().external_id == "77"

    def test_twice_changes_nothing(self):
        shop, document = make_shop(), fixture("order")
        accept(shop, document)
        before = Order.objects.values().get()

        assert accept(shop, document) == Result.UNCHANGED
        assert Order.objects.values().get() == before

    def test_older_word_never_replaces_a_newer_one(self):
        shop, document = make_shop(), fixture("order")
        accept(shop, document)

        older = {**document, "source_updated_at": "2026-11-21T09:14:59+01:00", "status": "new"}

        assert accept(shop, older) == Result.STALE
        assert Order.objects.get().status == "shipped"

    def test_same_moment_with_other_words_is_written(self):
        shop, document = make_shop(), fixture("order")
        accept(shop, document)

        assert accept(shop, {**document, "status": "delivered"}) == Result.UPDATED
        assert Order.objects.get().status == "delivered"

    def test_events_name_what_happened(self):
        shop, document = make_shop(), fixture("order")
        accept(shop, document)
        later = {**document, "source_updated_at": "2026-11-22T00:00:00Z", "status": "delivered"}
        accept(shop, later)

        events = Event.objects.filter(shop_id=shop.pk).order_by("pk")

        assert [(event.kind, event.data.get("new")) for event in events] == [
            ("shipment.status_changed", "ready_for_pickup"),
            ("order.created", None),
            ("order.status_changed", "delivered"),
        ]

    def test_path_and_document_name_the_same_order(self):
        with pytest.raises(IdMismatch):
            accepting.accept_order(make_shop(), "other", order_document())

    @pytest.mark.parametrize(
        "meta",
        [
            {"a": "x" * 17_000},
            {"a": float("inf")},
            {"a": [[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]},
        ],
    )
    def test_meta_has_its_limits(self, meta):
        document = order_document(meta=meta)

        with pytest.raises(MetaTooLarge):
            accept(make_shop(), document)

    def test_what_the_database_cannot_hold_is_left_out(self):
        order = make_order(make_shop(), customer_note="a\0b\ud800c")

        assert order.document["customer_note"] == "ab?c"

    def test_named_parcels_are_all_parcels(self):
        shop, document = make_shop(), fixture("order")
        accept(shop, document)
        moved = {**document["shipments"][0], "external_id": "S-901"}
        later = {**document, "source_updated_at": "2026-11-22T00:00:00Z", "shipments": [moved]}
        accept(shop, later)

        assert [row.external_id for row in Order.objects.get().shipments.all()] == ["S-901"]

    def test_parcels_alone(self):
        shop = make_shop()
        order = make_order(shop)
        shipment = fixture("shipment")

        def put(**fields: Any) -> Result:
            return accepting.accept_shipment(order, "S-900", {**shipment, **fields})

        assert put() == Result.CREATED
        assert put() == Result.UNCHANGED
        assert put(status="in_transit", status_at="2026-11-20T00:00:00Z") == Result.STALE
        assert put(status="delivered", status_at="2026-11-22T00:00:00Z") == Result.UPDATED
        assert order.shipments.get().status == "delivered"
        assert order.shipments.get().tracking_url == shipment["tracking_url"]


@pytest.mark.parametrize(
    ("total", "paid", "refunded", "is_cod", "state"),
    [
        (100, 0, 0, False, "unpaid"),
        (100, 40, 0, False, "partially_paid"),
        (100, 100, 0, False, "paid"),
        (100, 120, 0, False, "overpaid"),
        (100, 100, 30, False, "partially_refunded"),
        (100, 100, 100, False, "refunded"),
        (100, 0, 0, True, "cod_due"),
        (100, 100, 0, True, "cod_collected"),
        (0, 0, 0, False, "paid"),
    ],
)
def test_payment_state(total, paid, refunded, is_cod, state):
    assert payment_state(total, paid, refunded, is_cod=is_cod) == state


@pytest.mark.django_db
class TestWhoseOrder:
    def test_somebody_who_wrote_before_is_found_by_address(self):
        ticket = make_ticket()
        address = ticket.customer.identities.get().value

        order = make_order(ticket.shop, customer={"external_id": "7", "email": address.upper()})

        assert order.customer == ticket.customer
        assert ticket.customer.shops.get().external_id == "7"

    def test_shops_own_id_comes_before_the_address(self):
        shop = make_shop()
        first = make_order(shop, customer={"external_id": "7", "email": "a@example.com"})

        second = make_order(shop, customer={"external_id": "7", "email": "b@example.com"})

        assert second.customer == first.customer
        assert first.customer.identities.count() == 2

    def test_a_telephone_of_somebody_else_joins_nobody(self):
        shop = make_shop()
        known = make_order(shop, customer={"phone": "600 123 456"})

        order = make_order(
            shop, customer={"external_id": "7", "email": "a@example.com", "phone": "600123456"}
        )

        assert order.customer != known.customer
        assert order.customer.identities.get().kind == Identity.Kind.EMAIL

    def test_masked_addresses_of_a_marketplace_name_nobody(self):
        shop = make_shop()
        buyer = {"login": "anna_k", "email": "x1+abc@allegromail.pl"}
        first = make_order(shop, channel="allegro", customer=buyer)

        second = make_order(
            shop, channel="allegro", customer={**buyer, "email": "x2+abc@allegromail.pl"}
        )

        assert first.customer == second.customer
        assert first.customer.identities.get().kind == Identity.Kind.EXTERNAL

    def test_what_an_agent_wrote_stays(self):
        ticket = make_ticket()
        Customer.objects.filter(pk=ticket.customer_id).update(name="Pani Anna")
        address = ticket.customer.identities.get().value

        make_order(ticket.shop, customer={"email": address, "first_name": "Anna"})

        customer = Customer.objects.get(pk=ticket.customer_id)
        assert (customer.name, customer.first_name) == ("Pani Anna", "Anna")

    def test_merged_customers_keep_getting_their_orders(self):
        shop = make_shop()
        gone = make_order(shop, customer={"external_id": "7"}).customer
        kept = make_order(shop, customer={"external_id": "8"}).customer
        Customer.objects.filter(pk=gone.pk).update(merged_into=kept)

        assert make_order(shop, customer={"external_id": "7"}).customer == kept

    def test_consents_come_along_and_are_told_once(self):
        shop = make_shop()
        yes = {"granted": True, "at": "2026-11-01T10:00:00Z", "text_id": "v3"}
        no = {"granted": False, "at": "2026-11-02T10:00:00Z", "text_id": "v3"}
        who = {"external_id": "7"}
        for consent in [yes, yes, no, yes]:
            make_order(shop, customer=who, consents={"marketing_email": consent})

        told = Consent.objects.order_by("pk").values_list("purpose", "granted", "text_version")
        assert list(told) == [("marketing_email", True, "v3"), ("marketing_email", False, "v3")]

    def test_customer_alone(self):
        shop = make_shop()
        sent = {"email": "a@example.com", "first_name": "Anna", "last_name": "Nowak"}

        assert accepting.accept_customer(shop, "7", dict(sent)) == Result.CREATED
        assert accepting.accept_customer(shop, "7", dict(sent)) == Result.UNCHANGED
        assert (
            accepting.accept_customer(shop, "7", {**sent, "phone": "600123456"}) == Result.UPDATED
        )
        row = CustomerShop.objects.get(shop=shop, external_id="7")
        assert row.customer.name == "Anna Nowak"
        assert row.customer.identities.count() == 2


@pytest.mark.django_db(transaction=True)
def test_shuffled_versions_in_parallel_end_in_the_newest():
    shop, base = make_shop(), datetime(2026, 11, 21, tzinfo=UTC)
    document = order_document(customer={"external_id": "7", "email": "anna@example.com"})
    versions = [
        {
            **document,
            "source_updated_at": (base + timedelta(minutes=minute)).isoformat(),
            "seller_note": f"version {minute}",
        }
        for minute in range(20)
    ]
    random.Random(7).shuffle(versions)
    start, results, errors = threading.Barrier(len(versions)), [], []

    def put(version: dict[str, Any]) -> None:
        try:
            start.wait(timeout=60)
            results.append(accept(shop, version))
        except Exception as e:
            errors.append(e)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=put, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert results.count(Result.CREATED) == 1
    order = Order.objects.get()
    assert order.document["seller_note"] == "version 19"
    assert order.source_updated_at == base + timedelta(minutes=19)
    assert (order.lines.count(), Customer.objects.count()) == (1, 1)
    assert Handle(Identity.Kind.EMAIL, "anna@example.com").key == Identity.objects.get().value
