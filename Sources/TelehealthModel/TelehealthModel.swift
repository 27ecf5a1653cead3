// The values of the domain: identifiers, times and time zones, people, visits, recordings and consents.
//
// Values only: what may be done with them is decided in TelehealthRules.
