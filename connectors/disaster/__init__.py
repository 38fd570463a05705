"""Disaster prevention: alerts from CAP and JMA telegrams, shelters from municipal open data."""
