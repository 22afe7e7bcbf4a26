"""The Broker role: wallets, their chats, and the offers that people accept or decline."""
