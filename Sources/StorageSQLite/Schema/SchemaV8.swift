/// Effects that are done are forgotten after a while: found by when they were last due.
enum SchemaV8 {
    static let statements = ["CREATE INDEX effects_to_prune ON effects (due_at) WHERE state = 'done'"]
}
