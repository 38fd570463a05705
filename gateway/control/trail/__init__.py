"""Who used a resident's data, as that resident reads it; and objecting to it."""
