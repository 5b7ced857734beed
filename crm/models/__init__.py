from crm.models.orders import Order, OrderLine, OrderQuerySet, Shipment
from crm.models.people import (
    Consent,
    Customer,
    CustomerField,
    CustomerMerge,
    CustomerQuerySet,
    CustomerShop,
    Identity,
    KeyShop,
    Shop,
    ShopQuerySet,
    TeamShop,
    validate_timezone,
)

__all__ = [
    "Consent",
    "Customer",
    "CustomerField",
    "CustomerMerge",
    "CustomerQuerySet",
    "CustomerShop",
    "Identity",
    "KeyShop",
    "Order",
    "OrderLine",
    "OrderQuerySet",
    "Shipment",
    "Shop",
    "ShopQuerySet",
    "TeamShop",
    "validate_timezone",
]
