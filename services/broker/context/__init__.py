"""Context: what is true of the city now, as NGSI-LD entities (ETSI GS CIM 009 v1.8.1)."""
