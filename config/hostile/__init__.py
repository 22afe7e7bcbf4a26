"""`python -m config.hostile`: what hundreds of hostile messages do to honest wallets."""
