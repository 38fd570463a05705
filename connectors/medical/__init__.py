"""The medical domain: HL7 FHIR R4 in, hospitals and residents' own records out."""
