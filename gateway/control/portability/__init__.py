"""A resident's own copy of everything: what the platform holds, and what data holders hold."""
