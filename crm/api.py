"""Shops and customers in the REST API."""

from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import key_of, user_of
from crm import limits, normalising, shops
from crm.models import Consent, Customer, CustomerShop, Identity, Order, OrderQuerySet, Shop
from crm.orders import accepting
from crm.orders.documents import CustomerDocument, PutView
from helpdesk.polish import sort_key
from helpdesk.rest.serializers import MomentField, NameField, StrictSerializer, TextField
from helpdesk.rest.views import ListView, PageQuery, View

LOCALE = r"^[a-z]{2}(-[A-Z]{2})?$"
SLUG = r"^[-a-zA-Z0-9_]+$"


def shops_seen_by(request: Request) -> QuerySet[Shop]:
    """Shops that the user's teams serve, and that the key may touch."""
    served = Shop.objects.served_by(user_of(request))
    return served.filter(limits.within(key_of(request), "pk"))


def customers_seen_by(request: Request) -> QuerySet[Customer]:
    """Customers whom the user sees, by what the key may touch."""
    user, key = user_of(request), key_of(request)
    return Customer.objects.current().visible_to(user, limits.shops_of(key))


def orders_seen_by(request: Request) -> OrderQuerySet:
    """Orders that the user sees, of the shops that the key may touch."""
    return Order.objects.visible_to(user_of(request), limits.shops_of(key_of(request)))


class ShopSerializer(serializers.Serializer[Shop]):
    slug = serializers.SlugField()
    name = serializers.CharField()
    timezone = serializers.CharField()
    locale = serializers.CharField()


class ShopChangeSerializer(StrictSerializer):
    name = NameField(max_length=100, required=False)
    timezone = TextField(max_length=50, required=False)
    locale = serializers.RegexField(LOCALE, required=False)


class NewShopSerializer(ShopChangeSerializer):
    slug = serializers.RegexField(SLUG, max_length=50)
    name = NameField(max_length=100)


class Shops(ListView):
    """List the shops."""

    scopes = {"GET": "shops:read", "POST": "shops:write"}
    answers = ShopSerializer
    accepts = {"POST": NewShopSerializer}
    order = "slug"

    def rows(self) -> QuerySet[Shop]:
        return shops_seen_by(self.request)

    def post(self, request: Request) -> Response:
        """Add a shop."""
        key = key_of(request)
        if limits.shops_of(key) is not None:
            raise PermissionDenied
        shop = shops.open_shop(by=key or user_of(request), **self.body())
        return self.shown(shop, status=201)


class OneShop(View):
    """Show a shop."""

    scopes = {"GET": "shops:read", "PATCH": "shops:write"}
    answers = ShopSerializer
    accepts = {"PATCH": ShopChangeSerializer}

    def get(self, request: Request, slug: str) -> Response:
        return self.shown(get_object_or_404(shops_seen_by(request), slug=slug))

    def patch(self, request: Request, slug: str) -> Response:
        """Change a shop."""
        shop = get_object_or_404(shops_seen_by(request), slug=slug)
        by = key_of(request) or user_of(request)
        return self.shown(shops.change(shop, by=by, **self.body()))


class IdentitySerializer(serializers.Serializer[Identity]):
    kind = serializers.ChoiceField(Identity.Kind.choices)
    value = serializers.CharField()
    name = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class CustomerShopSerializer(serializers.Serializer[CustomerShop]):
    shop = serializers.SlugField(source="shop.slug")
    external_id = serializers.CharField(allow_null=True)


class ConsentSerializer(serializers.Serializer[Consent]):
    shop = serializers.SlugField(source="shop.slug")
    purpose = serializers.CharField()
    granted = serializers.BooleanField()
    given_at = serializers.DateTimeField()


class CustomerSerializer(serializers.Serializer[Customer]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    first_name = serializers.CharField()
    form_of_address = serializers.CharField()
    language = serializers.CharField()
    vip = serializers.BooleanField()
    note = serializers.CharField()
    identities = IdentitySerializer(many=True)
    shops = CustomerShopSerializer(many=True)
    consents = ConsentSerializer(many=True, help_text="Each given or taken back, newest last.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class CustomerQuery(PageQuery):
    email = serializers.EmailField(required=False)
    phone = TextField(required=False, max_length=40, help_text="A Polish number, or with +country.")
    identity = TextField(required=False, max_length=320, help_text="Any handle, as it is shown.")
    q = TextField(required=False, max_length=200, help_text="The beginning of a name or address.")
    updated_since = MomentField(required=False)
    ordering = serializers.ChoiceField(
        ["-updated_at", "updated_at", "sort_key", "-sort_key"], default="-updated_at"
    )


class Customers(ListView):
    """List customers."""

    scopes = {"GET": "customers:read"}
    answers = CustomerSerializer
    query = CustomerQuery
    order = "-updated_at"

    def rows(self) -> QuerySet[Customer]:
        params = self.params
        rows = _with_everything(customers_seen_by(self.request), self.request)
        if (email := params.get("email")) is not None:
            rows = rows.filter(_has(Identity.Kind.EMAIL, normalising.email, email))
        if (phone := params.get("phone")) is not None:
            rows = rows.filter(_has(Identity.Kind.PHONE, normalising.phone, phone))
        if (identity := params.get("identity")) is not None:
            rows = rows.filter(pk__in=Identity.objects.filter(value=identity).values("customer"))
        if (words := params.get("q", "").strip()) != "":
            rows = rows.filter(_begins_with(words))
        if since := params.get("updated_since"):
            rows = rows.filter(updated_at__gte=since)
        return rows


class OneCustomer(View):
    """Show a customer."""

    scopes = {"GET": "customers:read"}
    answers = CustomerSerializer
    has_version = True

    def get(self, request: Request, customer_id: str) -> Response:
        rows = _with_everything(customers_seen_by(request), request)
        return self.shown(get_object_or_404(rows, public_id=customer_id))


class ShopCustomer(PutView):
    """A customer by the shop's own id."""

    scopes = {"PUT": "customers:write"}
    accepts = {"PUT": CustomerDocument}

    def put(self, request: Request, slug: str, external_id: str) -> Response:
        """Send what the shop knows of a customer; what agents wrote stays."""
        shop = get_object_or_404(shops_seen_by(request), slug=slug)
        return self.told(accepting.accept_customer(shop, external_id, self.body()))


def _with_everything(rows: QuerySet[Customer], request: Request) -> QuerySet[Customer]:
    """With the facts of the shops that the caller may see."""
    of_shop = limits.within(key_of(request))
    return rows.prefetch_related(
        Prefetch("identities", Identity.objects.order_by("pk")),
        Prefetch("shops", CustomerShop.objects.filter(of_shop).select_related("shop")),
        Prefetch("consents", Consent.objects.filter(of_shop).select_related("shop").order_by("pk")),
    )


def _has(kind: Identity.Kind, normal: Any, text: str) -> Q:
    try:
        value = normal(text)
    except normalising.NotAnAddress:
        return Q(pk__in=[])
    of_kind = Identity.objects.filter(kind=kind, scope="", value=value)
    return Q(pk__in=of_kind.values("customer"))


def _begins_with(text: str) -> Q:
    """Customers one of whose names, or an address, begins so."""
    key = sort_key(text)
    by_name = Q(sort_key__startswith=key) | Q(sort_key__contains=f" {key}") if key else Q()
    addresses = Identity.objects.filter(
        kind__in=[Identity.Kind.EMAIL, Identity.Kind.PHONE],
        scope="",
        value__startswith=text.lower(),
    )
    return by_name | Q(pk__in=addresses.values("customer"))
