"""Tokens that are good only with a key: proof of possession (DPoP, RFC 9449)."""
