"""The demonstration: three issuers, a broker and a notifier, and wallets that talk to them."""
