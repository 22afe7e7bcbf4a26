"""The ends of an offer on which both sides and the wallet agree."""

# (issuer's state, its status, broker's state, its status, the wallet holds it) -> the flow's end:
# all that agree on whether the person holds a valid token.
AGREED: dict[tuple[str, str, str | None, str | None, bool], str] = {
    ("ACCEPTED", "ACTIVE", "SAVED", "ACTIVE", True): "accepted",
    ("DECLINED", "ACTIVE", "DECLINED", "ACTIVE", False): "declined",
    ("EXPIRED", "ACTIVE", "EXPIRED", "ACTIVE", False): "expired",
    # The broker's word, a no, came after the issuer had decided alone.
    ("EXPIRED", "ACTIVE", "DECLINED", "ACTIVE", False): "expired",
    # The offer never reached the broker in its life.
    ("EXPIRED", "ACTIVE", None, None, False): "expired",
    # An acceptance that came after that: the copy is void on both sides, and on record as late.
    ("EXPIRED", "REVOKED", "SAVED", "REVOKED", True): "late",
}
