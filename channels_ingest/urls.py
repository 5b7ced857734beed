"""Addresses that providers and visitors call: one hook for every kind, and what adapters add."""

from django.urls import URLPattern, path

from channels_ingest import adapter, views

urlpatterns: list[URLPattern] = [
    path("hooks/<slug:kind>/<uuid:channel_id>/", views.hook, name="hook"),
    *(
        pattern
        for kind in adapter.registered()
        for pattern in getattr(kind.module("receive"), "urlpatterns", [])
    ),
]
