"""What a resident has agreed to, held to on the way in and on the way out."""
