"""One person, however the address is written."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from crm import identifying, normalising
from crm.identifying import Handle
from crm.models import Consent, Customer, Identity
from crm.normalising import NotAnAddress
from tests.factories import make_shop

EMAIL, PHONE = Identity.Kind.EMAIL, Identity.Kind.PHONE


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Anna.Kowalska@Example.COM ", "anna.kowalska@example.com"),
        ("jan@żółw.example.pl", "jan@xn--w-uga1v8h.example.pl"),
        ("Żaneta@poczta.example.pl", "żaneta@poczta.example.pl"),
        ('"a@b"@example.com', '"a@b"@example.com'),
    ],
)
def test_addresses_are_compared_in_one_form(written, kept):
    assert normalising.email(written) == kept


@pytest.mark.parametrize(
    "written", ["", "anna", "@example.com", "a@", "a b@example.com", "a\0@x.pl"]
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(NotAnAddress):
        normalising.email(written)


@pytest.mark.parametrize("written", ["999 123 456", "+48 999-123-456", "0048999123456"])
def test_numbers_are_compared_in_e164(written):
    assert normalising.phone(written) == "+48999123456"


@given(st.text(max_size=400))
def test_any_text_has_a_key(text):
    assert Handle(EMAIL, text).key
    assert Handle(PHONE, text).key


@pytest.mark.django_db
def test_same_address_is_the_same_customer():
    first = identifying.locked(Handle(EMAIL, "Anna@Example.com", name="Anna"))
    again = identifying.locked(Handle(EMAIL, "anna@example.com", name="A. Kowalska"))

    assert first.customer_id == again.customer_id
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_page_scoped_id_of_another_page_is_another_person():
    kind = Identity.Kind.PAGE_SCOPED
    first = identifying.locked(Handle(kind, "123", scope="page-1"))
    other = identifying.locked(Handle(kind, "123", scope="page-2"))

    assert first.customer_id != other.customer_id


@pytest.mark.django_db
def test_consents_can_be_neither_changed_nor_deleted():
    Consent.objects.create(
        customer=Customer.objects.create(),
        shop=make_shop(),
        purpose="contact",
        granted=True,
        text_version="1",
        source="chat",
        given_at=timezone.now(),
    )
    for statement in ("UPDATE crm_consent SET granted = false", "DELETE FROM crm_consent"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)
