"""Where the wallet's API is served, below /wallet/."""

from django.urls import path

from wallets.api.views import AboutView, AcknowledgeView, NotificationsView

urlpatterns = [
    path("about", AboutView.as_view(), name="wallet-about"),
    path("notifications", NotificationsView.as_view(), name="wallet-notifications"),
    path("notifications/acknowledge", AcknowledgeView.as_view(), name="wallet-acknowledge"),
]
