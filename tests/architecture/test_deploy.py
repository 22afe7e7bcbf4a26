"""docs/deploy.md and deploy/ name only what there is: commands, settings, files, programs."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import uvicorn
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string

from config.connections import BoundedProtocol
from config.processes import celery_commands
from messaging.kept import KEPT_DAYS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
GUIDE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "config/settings.py").read_text(encoding="utf-8")
# Of other programs; the rest of what looks like a variable must be a setting of ours.
FOREIGN = {"REPOSITORY", "FILE", "PASSWORD", "ID", "DOMAIN", "NAME"}
VERBS = re.compile(r"\bmanage(?:\.py)? ([a-z]+)((?: [a-z]+)*)")


def variables(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z][A-Z]+(?:_[A-Z]+)+\b", text))


def known_settings() -> set[str]:
    return set(re.findall(r'"([A-Z][A-Z_]+)"', SETTINGS))


def commands_named(text: str) -> set[tuple[str, ...]]:
    return {(name, *rest.split()) for name, rest in VERBS.findall(text)}


def takes(words: tuple[str, ...]) -> bool:
    """Say whether there is such a management command, with such a verb where it has verbs."""
    name, *rest = words
    app = get_commands().get(name)
    if app is None:
        return False
    parser = load_command_class(str(app), name).create_parser("manage.py", name)
    for word in rest:
        choices = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
        if not choices:
            return True  # what follows are its arguments
        if word not in choices[0]:
            return False
        parser = choices[0][word]
    return True


@pytest.mark.parametrize("name", ["deploy", "operations", "security", "reliability", "settings"])
def test_commands_in_the_docs_exist(name: str) -> None:
    text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert [words for words in sorted(commands_named(text)) if not takes(words)] == []


def test_guide_names_the_commands_an_operator_needs() -> None:
    named = {words[:3] for words in commands_named(GUIDE)}
    needed = {("domain", "create"), ("domain", "dns"), ("domain", "check"), ("health",)}
    assert needed <= {words[: len(need)] for words in named for need in needed} | named


@pytest.mark.parametrize("name", ["deploy", "operations", "settings"])
def test_settings_in_the_docs_exist(name: str) -> None:
    text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    limits = {variable for variable in variables(text) if variable.startswith("SCRIPT_")}
    kept = {f"KEEP_{kind}_DAYS" for kind in KEPT_DAYS}
    assert variables(text) - known_settings() - limits - kept - FOREIGN == set()


def test_environment_of_the_services_is_of_settings() -> None:
    lines = (DEPLOY / "countersign.env").read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert names <= known_settings()
    assert {"DATABASE_URL", "SECRET_KEY", "FIELD_KEYS", "ALLOWED_HOSTS"} <= names


def test_files_in_the_guide_exist() -> None:
    named = re.findall(r"\bdeploy/[\w./@-]*\w|\]\(([\w./]+)\)", GUIDE)
    for path in re.findall(r"(?<![\w/])deploy/[\w./@-]*\w", GUIDE):
        assert (ROOT / path).exists(), path
    for link in filter(None, named):
        assert (ROOT / "docs" / link).exists(), link
    assert "deploy/nginx/countersign.conf" in GUIDE


def executed(unit: Path) -> list[list[str]]:
    """Return what a unit executes, its specifiers resolved."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    text = unit.read_text(encoding="utf-8")
    parser.read_string(text)
    lines = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    return [shlex.split(line.replace("%%", "%").replace("%i", "1")) for line in lines]


def test_units_start_the_processes_that_manage_up_starts() -> None:
    [[*worker]] = executed(DEPLOY / "systemd/countersign-worker@.service")
    [[*poster]] = executed(DEPLOY / "systemd/countersign-post.service")
    [[*scheduler]] = executed(DEPLOY / "systemd/countersign-scheduler.service")
    of_up = celery_commands(1)
    assert set(of_up[0][1:]) - {"w0@%h"} == set(worker[1:]) - {"w1@%h"}
    assert of_up[1][1:] == poster[1:]
    assert of_up[2][1:] == scheduler[1:]


def test_web_unit_starts_the_application() -> None:
    [words] = executed(DEPLOY / "systemd/countersign-web.service")
    assert words[1:3] == ["-m", "uvicorn"]
    options = uvicorn.main.make_context("uvicorn", words[3:]).params
    assert options["app"] == "config.asgi:application"
    assert (options["host"], options["port"]) == ("127.0.0.1", 8000)
    assert import_string(options["http"].replace(":", ".")) is BoundedProtocol  # as `up` does
    nginx = (DEPLOY / "nginx/countersign.conf").read_text(encoding="utf-8")
    assert "server 127.0.0.1:8000;" in nginx


def test_units_run_commands_that_exist() -> None:
    for unit in UNITS:
        for words in executed(unit) if unit.suffix == ".service" else []:
            if "manage.py" in words:
                assert takes((words[words.index("manage.py") + 1],)), words


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_units_are_sound(tmp_path: Path) -> None:
    """systemd reads them without a complaint, with programs that are on this machine."""
    python = shutil.which("true")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        text = text.replace("/opt/countersign/.venv/bin/python", str(python))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    names = [str(tmp_path / unit.name.replace("@.", "@1.")) for unit in UNITS]
    (tmp_path / "countersign-worker@1.service").symlink_to(tmp_path / "countersign-worker@.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "countersign" in line]
    assert complaints == []


PROXY = (DEPLOY / "nginx/countersign.conf").read_text(encoding="utf-8")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")


def test_proxy_bounds_what_one_address_may_do() -> None:
    """Every location counts requests, but for the page's own files; connections count for all."""
    locations = dict(re.findall(r"location (\S+) \{(.*?)\n    \}", PROXY, re.DOTALL))
    assert {name for name, text in locations.items() if "limit_req" not in text} == {"/static/"}
    before = PROXY[: PROXY.index("location ")]
    for word in ("limit_conn ", "client_header_timeout", "client_body_timeout", "send_timeout"):
        assert word in before, word


@pytest.mark.skipif(NGINX is None, reason="needs nginx")
def test_proxy_is_sound(tmp_path: Path) -> None:
    authority = [str(shutil.which("openssl")), "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    authority += ["-keyout", str(key), "-out", str(chain), "-days", "1", "-subj", "/CN=a"]
    subprocess.run(authority, capture_output=True, check=True)
    site = re.sub(r"ssl_certificate [^;]+", f"ssl_certificate {chain}", PROXY)
    site = re.sub(r"ssl_certificate_key [^;]+", f"ssl_certificate_key {key}", site)
    (tmp_path / "site.conf").write_text(site, encoding="utf-8")
    conf = tmp_path / "nginx.conf"
    main = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
    conf.write_text(f"{main}http {{ include {tmp_path}/site.conf; }}\n", encoding="utf-8")
    checked = [str(NGINX), "-t", "-e", f"{tmp_path}/error.log", "-c", str(conf)]
    done = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("unbound-checkconf") is None, reason="needs unbound")
def test_resolver_is_sound_and_validates(tmp_path: Path) -> None:
    text = (DEPLOY / "unbound/countersign.conf").read_text(encoding="utf-8")
    assert "val-permissive-mode: no" in text
    key = tmp_path / "root.key"
    key.write_text(f". IN DS 1 13 2 {'0' * 64}\n", encoding="utf-8")
    conf = tmp_path / "unbound.conf"
    conf.write_text(text.replace("/var/lib/unbound/root.key", str(key)), encoding="utf-8")
    checker = str(shutil.which("unbound-checkconf"))
    done = subprocess.run([checker, str(conf)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
