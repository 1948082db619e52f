"""ValidatingAdmissionPolicy: rules in CEL over whole requests, as objects of the API itself."""
