"""The journal of accesses to personal data: no answer leaves before its line is on disk."""
