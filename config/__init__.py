"""The deployment: settings, urls, Celery, and the commands that run it. The only place that knows every app."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
