"""Every address of the REST API."""

from django.urls import include, path, re_path

from accounts import api as accounts
from api import docs
from api.routing import endpoint, otherwise
from channels_ingest import api as channels
from channels_ingest.custom import api as custom
from crm import api as crm
from kpi import api as kpi
from tickets.api import history, naming, orders, search
from tickets.api import views as tickets

_v1 = [
    endpoint("shops/", crm.Shops, "shops"),
    endpoint("shops/<slug:slug>/", crm.OneShop, "shop"),
    endpoint("shops/<slug:slug>/customers/<str:external_id>/", crm.ShopCustomer, "shop-customer"),
    endpoint("shops/<slug:slug>/orders/<str:external_id>/", orders.ShopOrder, "shop-order"),
    endpoint(
        "shops/<slug:slug>/orders/<str:external_id>/shipments/<str:shipment_id>/",
        orders.ShopShipment,
        "shop-shipment",
    ),
    endpoint("orders/", orders.Orders, "orders"),
    endpoint("customers/", crm.Customers, "customers"),
    endpoint("customers/<uuid:customer_id>/", crm.OneCustomer, "customer"),
    endpoint("customers/<uuid:customer_id>/merge/", crm.MergeCustomer, "customer-merge"),
    endpoint("search/", search.Search, "search"),
    endpoint("channels/", channels.Channels, "channels"),
    endpoint("channels/<uuid:channel_id>/", channels.OneChannel, "channel"),
    endpoint("channels/<uuid:channel_id>/messages/", custom.CustomMessages, "channel-messages"),
    endpoint("tickets/", tickets.Tickets, "tickets"),
    endpoint("tickets/<int:number>/", tickets.OneTicket, "ticket"),
    endpoint("tickets/<int:number>/merge/", tickets.Merging, "ticket-merge"),
    endpoint("tickets/<int:number>/split/", tickets.Splitting, "ticket-split"),
    endpoint("tickets/<int:number>/messages/", tickets.Messages, "messages"),
    endpoint("tickets/<int:number>/events/", history.Events, "events"),
    endpoint("attachments/", tickets.Uploads, "attachments"),
    endpoint("attachments/<uuid:attachment_id>/", tickets.OneAttachment, "attachment"),
    endpoint("tags/", naming.Tags, "tags"),
    endpoint("tags/<slug:slug>/", naming.OneTag, "tag"),
    endpoint("reasons/", naming.Reasons, "reasons"),
    endpoint("reasons/<slug:slug>/", naming.OneReason, "reason"),
    endpoint("teams/", accounts.Teams, "teams"),
    endpoint("teams/<slug:slug>/", accounts.OneTeam, "team"),
    endpoint("users/", accounts.Users, "users"),
    endpoint("kpi/summary/", kpi.Summary, "kpi-summary"),
    endpoint("kpi/series/", kpi.Series, "kpi-series"),
    endpoint("kpi/breakdown/", kpi.Breakdown, "kpi-breakdown"),
    endpoint("surveys/responses/", kpi.Responses, "survey-responses"),
]

urlpatterns = [
    path(
        "api/",
        include(
            (
                [
                    path("v1/", include(_v1)),
                    path("schema/", docs.schema, name="schema"),
                    path("docs/", docs.page, name="docs"),
                    re_path("", otherwise),
                ],
                "api",
            )
        ),
    ),
]
