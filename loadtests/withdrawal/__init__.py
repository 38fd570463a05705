"""How soon after a withdrawal nothing personal leaves any more, on every way out at once."""
