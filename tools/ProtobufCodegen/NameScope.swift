/// Hands out names within one Swift scope: none twice, and none that means something else there.
struct NameScope {
    private var taken: Set<String> = []
    private let isReserved: (String) -> Bool

    /// - Parameter isReserved: true for a name that the scope's code already uses for something else.
    init(reserving isReserved: @escaping (String) -> Bool) {
        self.isReserved = isReserved
    }

    /// The requested name; if reserved or taken, followed by `suffix` and as many underscores as necessary.
    ///
    /// Who comes first keeps a name, so the order of calls is the order of the schema.
    mutating func claim(_ wanted: String, suffix: String) -> String {
        var name = wanted
        if isReserved(name) || taken.contains(name) { name += suffix }
        while isReserved(name) || taken.contains(name) { name += "_" }
        taken.insert(name)
        return name
    }
}
