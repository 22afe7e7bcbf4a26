"""DNS: a signed zone for each domain, with the chain from `test.`, on a real name server; and the
validating resolver that each place has on its loopback."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.apart.places import Place

ROOT_ZONE = "test"
# Where places are no namespaces: ports of the one resolver and of the name server.
LOOPBACK_PORT = 5335
LOOPBACK_SERVER_PORT = 5336
SOA = """$TTL 60
@ IN SOA ns.test. hostmaster.test. {serial} 60 30 86400 60
@ IN NS ns.test.
"""


class Zones:
    """The zones of `test.` and of each domain below it, signed, as `named` serves them."""

    def __init__(self, folder: Path, authority: Place) -> None:
        self.folder = folder / "zones"
        self.folder.mkdir()
        self.authority = authority
        self.port = 53 if authority.prefix else LOOPBACK_SERVER_PORT
        self.process: subprocess.Popen[bytes] | None = None
        self.serial = 1
        self.domains: dict[str, list[str]] = {}

    def publish(self, domains: Mapping[str, Sequence[str]]) -> None:
        """Sign and serve `domains`: the records of each, as lines of its zone's file."""
        self.domains.update({name: list(lines) for name, lines in domains.items()})
        self.serial += 1
        delegations = [f"ns IN A {self.authority.address}"]
        for name, lines in self.domains.items():
            self._sign(name, lines)
            delegations += [f"{name}. IN NS ns.test.", *self._signers(name)]
        self._sign(ROOT_ZONE, delegations)
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    def _signers(self, name: str) -> list[str]:
        return (self.folder / f"dsset-{name}.").read_text().splitlines()

    def _sign(self, name: str, lines: Sequence[str]) -> None:
        if not list(self.folder.glob(f"K{name}.+*.key")):
            for kind in ([], ["-f", "KSK"]):
                self._tool("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *kind, name)
        text = SOA.format(serial=self.serial) + "\n".join(lines) + "\n"
        (self.folder / f"{name}.zone").write_text(text)
        # NSEC3 would do as well; the empty answers a verifier needs are proved by either.
        self._tool("dnssec-signzone", "-S", "-N", "keep", "-o", name, f"{name}.zone")

    def _tool(self, *words: str) -> None:
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words[0]}: {done.stderr}")

    def serve(self) -> None:
        """Start the name server on the authority's address."""
        zones = "".join(
            f'zone "{name}" {{ type primary; file "{name}.zone.signed"; }};\n'
            for name in [ROOT_ZONE, *self.domains]
        )
        (self.folder / "named.conf").write_text(
            f'options {{ directory "{self.folder}"; pid-file none; recursion no;\n'
            f"  listen-on port {self.port} {{ {self.authority.address}; }};\n"
            f"  listen-on-v6 {{ none; }};\n"
            f'  session-keyfile "{self.folder}/session.key"; }};\n'
            f"controls {{ }};\n{zones}"
        )
        command = ["named", "-g", "-c", str(self.folder / "named.conf"), "-n", "1"]
        self.process = self.authority.start(command, self.folder / "named.log")

    @property
    def anchor(self) -> str:
        """The trust anchor: the DS records of `test.`."""
        text = (self.folder / f"dsset-{ROOT_ZONE}.").read_text()
        return re.sub(r"\s+", " ", text.splitlines()[0])


def start_resolver(
    place: Place, folder: Path, zones: Zones, *, port: int
) -> subprocess.Popen[bytes]:
    """Start a resolver on the place's loopback that trusts nothing but the anchor of `test.`.

    Returns the process.
    """
    anchor, config = folder / "anchor", folder / f"unbound-{place.name}.conf"
    anchor.write_text(zones.anchor + "\n")
    # Each zone by name: a delegation could not say that the name server's port is not 53.
    stubs = "".join(
        f'stub-zone:\n  name: "{name}."\n  stub-addr: {zones.authority.address}@{zones.port}\n'
        for name in [ROOT_ZONE, *zones.domains]
    )
    config.write_text(
        f"""server:
  interface: 127.0.0.1@{port}
  do-ip6: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  trust-anchor-file: "{anchor}"
  module-config: "validator iterator"
  do-not-query-localhost: no
  domain-insecure: "invalid."
  local-zone: "test." nodefault
  private-address: 10.0.0.0/8
  infra-host-ttl: 2
  infra-keep-probing: yes
  cache-max-ttl: 60
  cache-max-negative-ttl: 2
{stubs}remote-control:
  control-enable: no
"""
    )
    command = ["unbound", "-d", "-p", "-c", str(config)]
    return place.start(command, folder / f"unbound-{place.name}.log")


def wait_for_names(place: Place, name: str, *, port: int, seconds: float = 15) -> None:
    """Wait until the place's resolver answers for `name`, validated. Raises RuntimeError."""
    limit = time.monotonic() + seconds
    while True:
        seen = _asked(place, name, port)
        if " ad" in seen and "NOERROR" in seen:
            return
        if time.monotonic() > limit:
            raise RuntimeError(f"no validated answer for {name} at {place.name}: {seen}")
        time.sleep(0.1)


def _asked(place: Place, name: str, port: int) -> str:
    script = (
        "import sys, dns.message, dns.query, dns.flags, dns.rcode\n"
        "query = dns.message.make_query(sys.argv[1], 'TXT', want_dnssec=True)\n"
        "answer = dns.query.udp(query, '127.0.0.1', port=int(sys.argv[2]), timeout=2)\n"
        "print(dns.rcode.to_text(answer.rcode()), dns.flags.to_text(answer.flags).lower())\n"
    )
    done = subprocess.run(
        [*place.prefix, sys.executable, "-c", script, name, str(port)],
        capture_output=True,
        text=True,
        check=False,
    )
    return " " + done.stdout.strip() + done.stderr.strip()[-200:]
