"""Every setting, read from the environment. With nothing set, this is the embedded shape:
SQLite, an in-memory queue and secrets that are made once in the data folder."""

import os
import secrets
from dataclasses import fields
from pathlib import Path
from typing import Any

import environ
import structlog
from django.core.exceptions import ImproperlyConfigured

from config.private import private_folder
from messaging.kept import KEPT_DAYS
from scripts.language.limits import Limits

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DATA_DIR = Path(env("COUNTERSIGN_DATA", default=str(BASE_DIR / "var")))
DATABASE_URL: str = env("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
EMBEDDED = DATABASE_URL.startswith("sqlite")
STATIC_ROOT = DATA_DIR / "static"  # filled by `manage.py up`
# What this process writes is its owner's alone; what an earlier release left open is closed.
os.umask(0o077)
if EMBEDDED or DATA_DIR.exists():
    private_folder(DATA_DIR, leave=STATIC_ROOT)
DEBUG: bool = env.bool("DEBUG", default=False)


def made_once(name: str, size: int) -> str:
    """Return the secret kept in the data folder under `name`, made on first use with mode 0600."""
    path = DATA_DIR / name
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(size))
        try:
            path.hardlink_to(draft)  # one winner when two processes start at once
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def secret(variable: str, *, file: str, size: int = 32) -> str:
    """Return a secret from the environment; only the embedded shape may make its own.

    Raises ImproperlyConfigured naming the variable.
    """
    value: str = env(variable, default="")
    if value:
        return value
    if not EMBEDDED:
        raise ImproperlyConfigured(f"{variable} is not set (only the embedded shape makes its own)")
    return made_once(file, size)


SECRET_KEY = secret("SECRET_KEY", file="secret_key")
# "id:hex,id:hex": the first encrypts, all decrypt. 32 bytes each (AES-256-GCM).
FIELD_KEYS = env("FIELD_KEYS", default="") or f"k1:{secret('FIELD_KEYS', file='field_key')}"

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "operators.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_structlog",
    "operators.apps.OperatorsConfig",
    "messaging",
    "scripts",
    "host",
    "issuer",
    "broker",
    "wallets",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "operators.sessions.SessionLimits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
if EMBEDDED:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE takes the write lock at BEGIN: without it, read-then-write transactions fail at once
    # with "database is locked", whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
            "PRAGMA journal_size_limit=67108864;PRAGMA mmap_size=134217728;PRAGMA cache_size=-20000"
        ),
    }
    # A file, because the in-memory database of a test run cannot be used by two threads at once.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
STATIC_URL = "static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # our pages are the only ones that need these files
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.HashedStorage"},
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("HTTPS_ONLY", default=not EMBEDDED)
# A session at /ops/ ends when nobody has used it for a while, and at the latest after some hours.
SESSION_COOKIE_AGE = 60 * env.int("OPS_IDLE_MINUTES", default=60)
SESSION_SAVE_EVERY_REQUEST = True
OPS_SESSION_HOURS = env.float("OPS_SESSION_HOURS", default=12)
# Wrong passwords of an account from one address, and of an address, before they have to wait.
LOGIN_PAIR_TRIES = env.int("LOGIN_PAIR_TRIES", default=10)
LOGIN_ADDRESS_TRIES = env.int("LOGIN_ADDRESS_TRIES", default=50)
LOGIN_WAIT_MINUTES = env.int("LOGIN_WAIT_MINUTES", default=15)
AUTHENTICATION_BACKENDS = ["operators.logins.LimitedBackend"]
SECURE_SSL_REDIRECT = False  # the proxy in front ends TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_HSTS_SECONDS = 31536000 if SESSION_COOKIE_SECURE else 0
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Proxies in front: how many entries of X-Forwarded-For, from its end, may be believed.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)
# Of one web process: its threads, each with a database connection at most; how many requests may
# wait for one; and its connections from outside.
WEB_THREADS = env.int("WEB_THREADS", default=16)
WEB_WAITING = env.int("WEB_WAITING", default=1024)
WEB_CONNECTIONS = env.int("WEB_CONNECTIONS", default=4000)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["messaging.api.parser.StrictJsonParser"],
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": NUM_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "The inbox of every domain served here, and the notifier's API for wallets.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

CELERY_BROKER_URL: str = env("CELERY_BROKER_URL", default="memory://localhost/")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.02}
    if CELERY_BROKER_URL.startswith("memory")
    else {"socket_connect_timeout": 3, "socket_keepalive": True, "health_check_interval": 25}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# The row is the acknowledgement, so the message may go as soon as it is taken.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_DB_REUSE_MAX = 500  # tasks on one connection; see config/celery.py
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# How many posts to other deployments one process has under way at once (messaging/outbox/lanes.py).
POST_LANES: int = env.int("POST_LANES", default=8 if EMBEDDED else 16)
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# Of the worker that posts, which alone does not name its own: as many threads as it has lanes.
CELERY_WORKER_CONCURRENCY = POST_LANES
CELERY_TASK_DEFAULT_QUEUE = "advance"
CELERY_TASK_ROUTES = {
    "scripts.advance": {"queue": "advance"},
    "messaging.deliver": {"queue": "outbox"},
    "messaging.catch_up": {"queue": "outbox"},
    "messaging.tell_again": {"queue": "outbox"},
    # Who posts elsewhere may wait ten seconds for a stranger: nothing of ours stands behind that.
    "messaging.post": {"queue": "post"},
    "messaging.catch_up_posts": {"queue": "post"},
    "wallets.push": {"queue": "post"},
    "*.sweep": {"queue": "sweep"},
    "messaging.prune": {"queue": "sweep"},
}
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=1.0)
PRUNE_SECONDS = env.float("PRUNE_SECONDS", default=5.0)
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": name,
        "schedule": SWEEP_SECONDS,
        "options": {"expires": max(SWEEP_SECONDS * 5, 5)},
    }
    for name in ("scripts.sweep", "messaging.sweep")
} | {
    "messaging.prune": {
        "task": "messaging.prune",
        "schedule": PRUNE_SECONDS,
        "options": {"expires": PRUNE_SECONDS * 2},
    }
}
CELERY_TIMEZONE = "UTC"
# Talkers kept as files, {domain}/{key}.yaml: read at start, and looked at again every so often.
TALKERS_FOLDER: str = env("TALKERS_FOLDER", default="")
TALKERS_SECONDS = env.float("TALKERS_SECONDS", default=5.0)
if TALKERS_FOLDER:
    CELERY_BEAT_SCHEDULE["host.sweep"] = {
        "task": "host.sweep",
        "schedule": TALKERS_SECONDS,
        "options": {"expires": max(TALKERS_SECONDS * 2, 5)},
    }

LOG_LEVEL: str = env("LOG_LEVEL", default="INFO")
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            # Exceptions without local variables: those may hold keys and answers.
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.KeyValueRenderer(
                    key_order=["timestamp", "level", "event"], sort_keys=False
                ),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {"level": LOG_LEVEL}
        for name in ("messaging", "scripts", "host", "issuer", "broker", "wallets", "config")
    }
    # A refused message is the sender's fault and is counted, not logged by every layer.
    | {name: {"level": "ERROR"} for name in ("django.request", "django_structlog")},
}

# --- messaging ---------------------------------------------------------------------------------
# Development only: where to post for some domains instead of https://pw.{domain}/inbox, as
# "*.test=http://127.0.0.1:8000" (first match wins), and which non-public networks may be reached.
PEER_ROUTES: list[str] = env.list("PEER_ROUTES", default=[])
OUTGOING_ALLOW: list[str] = env.list("OUTGOING_ALLOW", default=[])
# Resolvers asked for peers' keys; they must validate DNSSEC and be reached over loopback.
DNS_RESOLVERS: list[str] = env.list("DNS_RESOLVERS", default=["127.0.0.1"])
# Who keeps private keys; messaging.socket_signer.SocketSigner asks the service at SIGNER_SOCKET.
SIGNER: str = env("SIGNER", default="messaging.signers.LocalSigner")
SIGNER_SOCKET: str = env("SIGNER_SOCKET", default="/run/countersign/signer.sock")
INBOX_KEEP_HOURS = env.int("INBOX_KEEP_HOURS", default=168)
# For how many days rows of each kind are kept after they ended: KEEP_RUN_DAYS and its like.
KEEP_DAYS: dict[str, float] = {
    kind: env.float(f"KEEP_{kind}_DAYS", default=default) for kind, default in KEPT_DAYS.items()
}
NOTIFICATION_KEEP_HOURS = env.int("NOTIFICATION_KEEP_HOURS", default=192)
# How much of what hosts prompt for a wallet may leave unread: in all, of one host, in one chat.
NOTIFICATIONS_MOST = env.int("NOTIFICATIONS_MOST", default=1000)
PROMPTS_MOST_OF_HOST = env.int("PROMPTS_MOST_OF_HOST", default=100)
PROMPTS_MOST_IN_CHAT = env.int("PROMPTS_MOST_IN_CHAT", default=50)
# Web Push, off unless set; `manage.py pushkey` makes both.
VAPID_PRIVATE_KEY: str = env("VAPID_PRIVATE_KEY", default="")
VAPID_CONTACT: str = env("VAPID_CONTACT", default="")
# How many messages may wait for one destination that does not answer; further ones are given up.
OUTBOX_MOST = env.int("OUTBOX_MOST", default=10000)
# How much one share may; messaging/rates.py says whose share each is.
INBOX_RATE: str = env("INBOX_RATE", default="6000/min")
PUBLIC_RATE: str = env("PUBLIC_RATE", default="1200/min")
ONBOARD_RATE: str = env("ONBOARD_RATE", default="300/min")
LOOKUP_RATE: str = env("LOOKUP_RATE", default="120/min")
SENDER_RATE: str = env("SENDER_RATE", default="6000/min")
PERSON_RATE: str = env("PERSON_RATE", default="120/min")
WALLET_RATE: str = env("WALLET_RATE", default="600/min")
RELAY_RATE: str = env("RELAY_RATE", default="240/min")
CHAT_PROMPT_RATE: str = env("CHAT_PROMPT_RATE", default="120/min")
HOST_PROMPT_RATE: str = env("HOST_PROMPT_RATE", default="240/min")
DOMAIN_START_RATE: str = env("DOMAIN_START_RATE", default="1200/min")
DOMAIN_SEND_RATE: str = env("DOMAIN_SEND_RATE", default="6000/min")
DOMAIN_ROW_RATE: str = env("DOMAIN_ROW_RATE", default="30000/min")
FEEDBACK_RATE: str = env("FEEDBACK_RATE", default="20/hour")
WAITED_FEEDBACK_RATE: str = env("WAITED_FEEDBACK_RATE", default="600/hour")
# The Redis where all processes count together; without one each counts in its own memory.
COUNTERS_URL: str = env(
    "COUNTERS_URL", default=CELERY_BROKER_URL if CELERY_BROKER_URL.startswith("redis") else ""
)
MESSAGE_MAX_BYTES = env.int("MESSAGE_MAX_BYTES", default=262144)
# The largest message of most subjects; those with what people write may have a few times as much.
SUBJECT_MAX_BYTES = env.int("SUBJECT_MAX_BYTES", default=8192)

# --- the engine --------------------------------------------------------------------------------
# A version stops starting when so many of the runs that it began in so many minutes, and more than
# such a share of them, are set aside.
POISON_RUNS = env.int("POISON_RUNS", default=5)
POISON_SHARE = env.float("POISON_SHARE", default=0.2)
POISON_MINUTES = env.int("POISON_MINUTES", default=10)
# Whether the log of a run says what its holders became (never of secrets), or only which changed:
# they hold what people answered. Rehearsals (`script run`, `script test`) always say it.
TRACE_VALUES = env.bool("TRACE_VALUES", default=False)
# What a script may use up: SCRIPT_RUN_STEPS and its like, with the defaults of limits.py.
SCRIPT_LIMITS = {
    each.name: env.int(f"SCRIPT_{each.name.upper()}", default=each.default)
    for each in fields(Limits)
}

# --- the flow ----------------------------------------------------------------------------------
# What a locator's Inputs may come to, and how many chats a wallet may have open; lines kept in one.
LOCATOR_INPUTS_BYTES = env.int("LOCATOR_INPUTS_BYTES", default=4096)
CHATS_MOST = env.int("CHATS_MOST", default=500)
PROMPTS_KEPT_IN_CHAT = env.int("PROMPTS_KEPT_IN_CHAT", default=1000)
# How many talkers of one occasion (REGISTER) a domain may have open.
REGISTERED_MOST = env.int("REGISTERED_MOST", default=10000)
OFFER_DAYS = env.int("OFFER_DAYS", default=7)
# How long the issuer waits for the broker's word after an offer's deadline, at most.
OFFER_GRACE_SECONDS = env.int("OFFER_GRACE_SECONDS", default=300)
