"""A shared cache (RFC 9111): what is kept, for how long, and for whom."""
