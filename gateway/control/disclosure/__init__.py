"""Disclosure of a resident's data without consent, to protect life in an emergency."""
