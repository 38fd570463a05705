"""The keys that residents' pseudonyms are made with, one a sector, and rotating them."""
