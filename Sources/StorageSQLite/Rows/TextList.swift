/// A short list in one text column: ids and enum names, none of which can hold a comma.
enum TextList {
    static func join(_ items: [String]) -> String { items.joined(separator: ",") }
    static func split(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
}
