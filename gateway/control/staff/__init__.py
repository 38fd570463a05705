"""The people who run the city: their accounts, roles, second factor, and signing in."""
