"""What a city's applications ask for, as Locust users."""
