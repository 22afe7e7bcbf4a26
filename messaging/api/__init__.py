"""The door for peers: POST /inbox."""
