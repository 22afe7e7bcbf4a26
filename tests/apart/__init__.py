"""Two deployments that share nothing: their own databases, addresses, DNS with DNSSEC, and TLS.

`make apart` builds it, plays flows with real wallets over https, cuts the link, stops the issuer,
doubles and reorders messages, and compares what both sides hold at the end. Nothing of it is
imported by the product, and nothing leaves this machine.
"""
