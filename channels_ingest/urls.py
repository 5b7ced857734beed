"""Addresses that providers and visitors call: each adapter keeps its own in receive.py."""

from django.urls import URLPattern

from channels_ingest import adapter

urlpatterns: list[URLPattern] = [
    pattern
    for kind in adapter.registered()
    for pattern in getattr(kind.module("receive"), "urlpatterns", [])
]
