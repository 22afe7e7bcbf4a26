"""Check 2: JSON that is no envelope, and envelopes with other keys or types than the protocol's."""

from __future__ import annotations

import json
from typing import Any

from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import LEFT_OUT, Scene


def top(**changes: Any) -> Any:
    """Change, add or leave out top level keys of a genuine message."""

    def make(scene: Scene) -> dict[str, Any]:
        value = {**scene.genuine(), **changes}
        return {name: part for name, part in value.items() if part is not LEFT_OUT}

    return make


def head(**changes: Any) -> Any:
    """Change, add or leave out keys of the Header, and sign what results."""
    return lambda scene: scene.genuine(**changes)


def cloud(scene: Scene) -> dict[str, Any]:
    """A message wrapped as a cloud's gateway hands it on; the reference library opens that."""
    return {"version": "2.0", "body": json.dumps(scene.genuine()), "isBase64Encoded": False}


def respelt(scene: Scene) -> dict[str, Any]:
    return {name.lower(): value for name, value in scene.genuine().items()}


MAKERS: dict[str, Any] = {
    "null": lambda scene: None,
    "a number": lambda scene: 1,
    "text": lambda scene: "message",
    "an empty map": lambda scene: {},
    "a list of one message": lambda scene: [scene.genuine()],
    "a message inside a message": lambda scene: {"Message": scene.genuine()},
    "a message inside a Header": lambda scene: {"Header": scene.genuine()},
    "a cloud's envelope": cloud,
    "a queue's records": lambda scene: {"Records": [{"body": json.dumps(scene.genuine())}]},
    "an answer's wrapper": lambda scene: {"Request": {}, "Response": scene.genuine(), "Meta": {}},
    "keys in lower case": respelt,
    "a key too many": top(Extra=1),
    "a key too many, empty": top(**{"": ""}),
    "a second header": top(header={"From": "charlie.test"}),
    "no Header": top(Header=LEFT_OUT),
    "Header null": top(Header=None),
    "Header a list": top(Header=[]),
    "Header a text": lambda scene: {**scene.genuine(), "Header": json.dumps(scene.header())},
    "Body null": top(Body=None),
    "Body a list": lambda scene: scene.genuine([scene.body()]),
    "Body a text": lambda scene: scene.genuine(json.dumps(scene.body())),
    "no Hash": top(Hash=LEFT_OUT),
    "no Signature": top(Signature=LEFT_OUT),
    "a domain, unsigned": top(Hash=LEFT_OUT, Signature=LEFT_OUT),
    "Hash null": top(Hash=None),
    "Hash in upper case": lambda s: (v := s.genuine()) | {"Hash": v["Hash"].upper()},
    "Hash a digit short": lambda s: (v := s.genuine()) | {"Hash": v["Hash"][1:]},
    "Hash with its name": lambda s: (v := s.genuine()) | {"Hash": "sha256:" + v["Hash"]},
    "Signature empty": top(Signature=""),
    "Signature a number": top(Signature=0),
    "Signature a list": lambda s: (v := s.genuine()) | {"Signature": [v["Signature"]]},
    "Signature of two thousand letters": top(Signature="A" * 2001),
    "a header too many": head(Algorithm="none"),
    "a header in two cases": head(**{"from": "charlie.test"}),
    "no To": head(To=LEFT_OUT),
    "no Subject": head(Subject=LEFT_OUT),
    "no Correlation": head(Correlation=LEFT_OUT),
    "no Timestamp": head(Timestamp=LEFT_OUT),
    "no Schema": head(Schema=LEFT_OUT),
    "no Selector": head(Selector=LEFT_OUT),
    "Selector empty": head(Selector=""),
    "Selector null": head(Selector=None),
    "From a list": head(From=["broker.test"]),
    "From a map": head(From={"Domain": "broker.test"}),
    "From false": head(From=False),
    "To a list": head(To=["theatre.test", "charlie.test"]),
    "Timestamp a number": head(Timestamp=1_767_323_045),
    "a wallet with a Selector": lambda s: s.of_wallet(
        "Home@Broker", {"Chat": s.chat}, Selector="pw1"
    ),
    "nobody with a Selector": lambda s: s.of_chat(
        "Issued@Issuer", {"Token": s.token}, Selector="pw1"
    ),
}
CASES = [Case(f"shape: {name}", make, Reason.SHAPE) for name, make in MAKERS.items()]
