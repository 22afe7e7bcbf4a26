"""Where everything is served."""

from django.contrib import admin
from django.urls import include, path

from config.schema import SchemaView

urlpatterns = [
    path("", include("messaging.urls")),
    path("", include("wallets.urls")),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("ops/", admin.site.urls),
]
