"""The keys never leave the browser: none can be exported, and nothing that opens them is kept."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.browser.core.conftest import PASSPHRASE, House, Tab
from wallets.client import sealing
from wallets.client.backup import _opened

pytestmark = pytest.mark.browser

EXPORT = """async () => {
  const { Store, ALL } = await core('store');
  const store = await Store.open();
  const found = [];
  const visit = async (value, path) => {
    if (value instanceof CryptoKey) {
      const tried = [];
      for (const format of ['raw', 'pkcs8', 'jwk', 'spki']) {
        tried.push(await crypto.subtle.exportKey(format, value).then(() => format, () => ''));
      }
      const wrapping = await crypto.subtle.generateKey(
        { name: 'AES-GCM', length: 256 }, false, ['wrapKey']);
      const how = { name: 'AES-GCM', iv: new Uint8Array(12) };
      tried.push(await crypto.subtle.wrapKey('pkcs8', value, wrapping, how)
        .then(() => 'wrapped', () => ''));
      found.push({
        path, type: value.type, extractable: value.extractable, usages: value.usages,
        exported: tried.filter(Boolean),
      });
    } else if (value && typeof value === 'object') {
      for (const [name, each] of Object.entries(value)) await visit(each, `${path}.${name}`);
    }
  };
  for (const name of ALL) await visit(await store.all(name), name);
  store.close();
  return found;
}"""
EVERYTHING = """async () => {
  const { Store, ALL } = await core('store');
  const store = await Store.open();
  const rows = {};
  for (const name of ALL) rows[name] = await store.all(name);
  store.close();
  return {
    rows: JSON.stringify(rows),
    elsewhere: JSON.stringify([
      { ...localStorage }, { ...sessionStorage }, document.cookie, location.href,
      (await caches.keys()).length, performance.getEntriesByType('resource').map((e) => e.name),
    ]),
  };
}"""


def test_private_keys_cannot_be_exported(tab: Tab) -> None:
    tab.create()
    tab.take_ticket()
    keys = tab.run(EXPORT)
    assert len(keys) == 2  # the wallet's and the chat's
    for key in keys:
        assert (key["type"], key["extractable"]) == ("private", False)
        assert (key["usages"], key["exported"]) == (["sign"], [])


def test_keys_are_the_same_and_still_not_exportable_after_a_reload(tab: Tab) -> None:
    tab.create()
    tab.locate()
    tab.question("What name")
    tab.load()
    assert tab.open()
    assert all(key["exported"] == [] for key in tab.run(EXPORT))
    assert tab.answer(tab.question("What name"), answer="Alice") == ""
    tab.question("Keep this")


def test_no_secret_is_in_the_pages_storage_or_url_or_at_the_server(house: House, tab: Tab) -> None:
    code = tab.create()
    assert code is not None
    tab.take_ticket()
    _, content, pair = _opened(tab.run("() => wallet.backup()"), code)
    seeds = [sealing.unseal(pair, key["Sealed"], key["Name"]) for key in content["Keys"]]
    assert len(seeds) == 2
    secrets = [code, code.replace("-", "")]
    secrets += [spelling for seed in seeds for spelling in (seed.hex(), spelled(seed))]
    kept = tab.run(EVERYTHING)
    for secret in secrets:
        assert secret not in kept["rows"]
        assert secret not in kept["elsewhere"]
    raw = [secret.encode() for secret in secrets] + seeds
    for path in server_files(house):
        data = path.read_bytes()
        assert not any(secret in data for secret in raw), path


def spelled(seed: bytes) -> str:
    """Return a seed's base64 without what depends on its neighbours."""
    return base64.b64encode(seed).decode().rstrip("=")[:-1]


def server_files(house: House) -> list[Path]:
    """Return the server's database, with its log of changes, and what it printed."""
    folder = house.server.folder
    found = [path for path in folder.glob("*") if path.is_file()]
    assert {"db.sqlite3", "server.log"} <= {path.name for path in found}
    return found


def test_passphrase_is_kept_nowhere(house: House, tab: Tab) -> None:
    assert tab.create(passphrase=PASSPHRASE) is None
    kept = tab.run(EVERYTHING)
    assert PASSPHRASE not in kept["rows"] + kept["elsewhere"]
    for path in server_files(house):
        assert PASSPHRASE.encode() not in path.read_bytes()


def test_backup_says_nothing_without_the_passphrase(tab: Tab) -> None:
    tab.create(passphrase=PASSPHRASE)
    ticket = tab.take_ticket()
    text = tab.run("() => wallet.backup()")
    assert set(json.loads(text)) == {"Format", "Version", "Lock", "Sealed"}
    for word in ("Alice", "theatre", ticket["token"], tab.run("wallet.identity.id")):
        assert word not in text


def test_wallet_asks_for_nothing_elsewhere(tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.create()
    tab.take_ticket()
    assert asked
    assert all(url.startswith(tab.url) for url in asked)


def test_page_has_the_strict_policy_and_no_inline_script(house: House, tab: Tab) -> None:
    answer = tab.page.request.get(f"{tab.url}/wallet/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy and "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    again = tab.page.request.get(f"{tab.url}/go/.HOST,theatre.test,ticket")
    there = again.headers["content-security-policy"]
    assert sorted(there.split("; ")) == sorted(policy.split("; "))
