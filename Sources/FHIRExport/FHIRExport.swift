// A person's record as FHIR R4 resources, the form in which other systems read what the service holds about someone.
