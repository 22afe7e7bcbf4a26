"""A small real key service: its own process, keys in its own memory, one line each way."""

from __future__ import annotations

import base64
import json
import socketserver
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEYS: dict[str, Ed25519PrivateKey] = {}


def answer(question: dict[str, str]) -> dict[str, str]:
    what, name = question["do"], question["key"]
    if what == "create":
        KEYS[name] = Ed25519PrivateKey.generate()
    if name not in KEYS:
        return {"error": "no such key"}
    if what == "destroy":
        del KEYS[name]
        return {}
    if what == "sign":
        signature = KEYS[name].sign(base64.b64decode(question["data"]))
        return {"signature": base64.b64encode(signature).decode()}
    return {"public": base64.b64encode(KEYS[name].public_key().public_bytes_raw()).decode()}


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(json.dumps(answer(json.loads(self.rfile.readline()))).encode() + b"\n")


if __name__ == "__main__":
    with socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
