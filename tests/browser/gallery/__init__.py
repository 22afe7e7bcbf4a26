"""Screens made of made-up rows: the real page, its core replaced by wallet.js of this folder."""
