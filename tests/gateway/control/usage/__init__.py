"""Tests of how clients use the APIs, as the control plane keeps it."""
