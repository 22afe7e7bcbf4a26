"""The Host role, used by issuers and brokers alike: chats, prompts and talkers."""
