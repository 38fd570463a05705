"""How often personal data is used in this city, for anybody to see."""
