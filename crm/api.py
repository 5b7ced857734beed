"""Shops and customers in the REST API."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import actor_of, key_of, user_of
from crm import limits, merging, normalising, profile, registering, shops
from crm.errors import ShopNeeded
from crm.models import Consent, Customer, CustomerShop, Identity, Order, OrderQuerySet, Shop
from crm.orders import accepting
from crm.orders.documents import CustomerDocument, PutView
from helpdesk.polish import sort_key
from helpdesk.rest.problems import referenced
from helpdesk.rest.serializers import MomentField, NameField, StrictSerializer, TextField
from helpdesk.rest.views import ListView, PageQuery, View, check_match, etag

_PHONE = r"^\+[1-9][0-9]{6,14}$"
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


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.CharField()
    currency = serializers.CharField()


class TotalsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Orders that hold, in this currency.")
    total = MoneySerializer(help_text="Their sum, less refunds.")


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
    orders = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    @extend_schema_field(TotalsSerializer(many=True))
    def get_orders(self, customer: Customer) -> list[dict[str, Any]]:
        totals: dict[int, list[dict[str, Any]]] = self.context["totals"]
        return totals[customer.pk]


_LINE = {"required": False, "allow_blank": True}


class CustomerChangeSerializer(StrictSerializer):
    name = TextField(max_length=200, **_LINE)
    first_name = TextField(max_length=100, **_LINE)
    form_of_address = TextField(max_length=100, **_LINE)
    language = TextField(max_length=10, **_LINE)
    vip = serializers.BooleanField(required=False)
    note = TextField(max_length=20_000, **_LINE)


class NewCustomerSerializer(CustomerChangeSerializer):
    email = serializers.EmailField(max_length=254, required=False)
    phone = serializers.RegexField(_PHONE, required=False, help_text="E.164")
    shop = TextField(max_length=50, required=False, help_text="By its slug.")


class MergeSerializer(StrictSerializer):
    other = serializers.UUIDField(help_text="The customer who becomes part of this one.")


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

    scopes = {"GET": "customers:read", "POST": "customers:write"}
    answers = CustomerSerializer
    accepts = {"POST": NewCustomerSerializer}
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
            rows = rows.filter(beginning_with(words))
        if since := params.get("updated_since"):
            rows = rows.filter(updated_at__gte=since)
        return rows

    def shown_rows(self, rows: Sequence[Customer]) -> Any:
        return _drawn(rows, self.request)

    def post(self, request: Request) -> Response:
        """Write down a customer, before they ever wrote."""
        data = self.body()
        handles = registering.handles_of(data)
        fields = {name: value for name, value in data.items() if name not in _NOT_COLUMNS}
        if (slug := data.get("shop")) is not None:
            shop = referenced(shops_seen_by(request), "/shop", slug=slug)
        elif limits.shops_of(key_of(request)) is not None:
            raise ShopNeeded
        else:
            shop = None
        made = registering.register(handles, shop=shop, by=actor_of(request), **fields)
        return _answer(made, request, status=201)


_NOT_COLUMNS = {"email", "phone", "shop"}


class OneCustomer(View):
    """Show a customer."""

    scopes = {"GET": "customers:read", "PATCH": "customers:write"}
    answers = CustomerSerializer
    accepts = {"PATCH": CustomerChangeSerializer}
    has_version = True

    def get(self, request: Request, customer_id: str) -> Response:
        found = get_object_or_404(customers_seen_by(request), public_id=customer_id)
        return _answer(found, request)

    def patch(self, request: Request, customer_id: str) -> Response:
        """Change what is written about a customer."""
        found = get_object_or_404(customers_seen_by(request), public_id=customer_id)
        data = self.body()
        with transaction.atomic():
            row = Customer.objects.select_for_update().get(pk=found.pk)
            check_match(request, row.version)
            profile.update(row, by=actor_of(request), **data)
        return _answer(row, request)


class MergeCustomer(View):
    """Two customers who are one person."""

    scopes = {"POST": "customers:write"}
    answers = CustomerSerializer
    accepts = {"POST": MergeSerializer}

    def post(self, request: Request, customer_id: str) -> Response:
        """Make another customer part of this one; an agent can take it back."""
        seen = customers_seen_by(request)
        kept = get_object_or_404(seen, public_id=customer_id)
        absorbed = referenced(seen, "/other", public_id=self.body()["other"])
        merging.merge(kept=kept, absorbed=absorbed, user=user_of(request))
        return _answer(kept, request, status=201)


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


def _answer(customer: Customer, request: Request, *, status: int = 200) -> Response:
    """The customer as it is now, which may be out of the caller's sight."""
    row = _with_everything(Customer.objects.filter(pk=customer.pk), request).get()
    return Response(_drawn([row], request)[0], status=status, headers={"ETag": etag(row.version)})


def _drawn(customers: Sequence[Customer], request: Request) -> list[dict[str, Any]]:
    """Customers with the totals of the orders that the caller sees, in one query for all."""
    totals: dict[int, list[dict[str, Any]]] = defaultdict(list)
    seen = orders_seen_by(request).filter(customer__in=customers, status__in=Order.VALID)
    sums = seen.order_by().values("customer", "currency")
    for row in sums.annotate(n=Count("pk"), sum=Sum("total") - Sum("refunded")):
        total = {"amount": f"{row['sum']:.2f}", "currency": row["currency"]}
        totals[row["customer"]].append({"count": row["n"], "total": total})
    serializer = CustomerSerializer(context={"totals": totals})
    return [serializer.to_representation(customer) for customer in customers]


def _has(kind: Identity.Kind, normal: Any, text: str) -> Q:
    try:
        value = normal(text)
    except normalising.NotAnAddress:
        return Q(pk__in=[])
    of_kind = Identity.objects.filter(kind=kind, scope="", value=value)
    return Q(pk__in=of_kind.values("customer"))


def beginning_with(text: str) -> Q:
    """Customers one of whose names, or an address, begins so."""
    key = sort_key(text)
    by_name = Q(sort_key__startswith=key) | Q(sort_key__contains=f" {key}") if key else Q()
    addresses = Identity.objects.filter(
        kind__in=[Identity.Kind.EMAIL, Identity.Kind.PHONE],
        scope="",
        value__startswith=text.lower(),
    )
    return by_name | Q(pk__in=addresses.values("customer"))
