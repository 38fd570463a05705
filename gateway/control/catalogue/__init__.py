"""The catalogue: which APIs are attached, what they offer, and one document that shows it all."""
