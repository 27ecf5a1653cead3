// The audit log as a value: rows, MACs, Merkle tree, signed heads, receipts, and the verifier of all of them.
//
// It does not depend on TelehealthRules: decisions and log share only `AuditEntry`, which TelehealthModel
// holds, so a program that verifies a log links no rules.
