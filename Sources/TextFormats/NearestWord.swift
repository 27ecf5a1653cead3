/// Finds the word that someone may have meant.
public enum NearestWord {
    /// The word with the fewest changed, missing, surplus or swapped letters, if those are at most a third of it:
    /// otherwise it would be a guess. Of equals the first. Ignores case.
    ///
    /// - Complexity: O(words x letters squared); for a person's mistake, not for a peer's input.
    public static func of(_ word: String, among words: some Sequence<String>) -> String? {
        let asked = Array(word.lowercased())
        guard asked.count <= lettersMax else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in words {
            let letters = Array(candidate.lowercased())
            let distance = distance(asked, letters)
            guard distance * 3 <= max(asked.count, letters.count), distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.word
    }

    /// Longer than any of our names.
    private static let lettersMax = 128

    /// Number of changes, omissions, insertions and swaps of neighbors that turn one into the other (optimal string
    /// alignment).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var twoAgo: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var next = [row + 1]
            for column in 0..<right.count {
                let isSame = left[row] == right[column]
                var least = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, twoAgo[column - 1] + 1)
                }
                next.append(least)
            }
            twoAgo = last
            last = next
        }
        return last[right.count]
    }
}
