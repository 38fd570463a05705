"""The moving map: what is where in the city, followed while somebody looks."""
