/// The known name a misspelt one was probably meant to be.
package enum Suggestion {
    static let commentHint = "a comment needs a line of its own"

    /// The nearest candidate within two edits (one for short names), or nil.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = lowercase(name)
        guard (1...32).contains(wanted.count) else { return nil }
        let allowed = wanted.count <= 3 ? 1 : 2
        var best: (distance: Int, name: String)?
        // There may be thousands of candidates: those of another length are not even looked at.
        for candidate in candidates where abs(candidate.utf8.count - wanted.count) <= allowed {
            let distance = editDistance(wanted[...], lowercase(candidate)[...])
            if distance <= allowed, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.name
    }

    private static func lowercase(_ text: String) -> [UInt8] {
        text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    package static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: name, among: candidates).map { "did you mean `\($0)`?" }
    }

    /// What to do about a character in a keyword that nobody sees, or takes for a space.
    static func lookalikeHint(for name: String) -> String? {
        let hidden = name.unicodeScalars.first { scalar in
            guard !scalar.isASCII else { return false }
            return scalar.properties.isWhitespace || scalar.properties.generalCategory == .format
        }
        guard let hidden else { return nil }
        let digits = String(hidden.value, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let look = hidden.properties.isWhitespace ? "only looks like a space" : "cannot be seen"
        return "it holds the character U+\(code), which \(look); type it anew"
    }

    /// Insertions, deletions, substitutions and swaps of neighbours; what both begin and end with does not count.
    private static func editDistance(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
        var (a, b) = (a, b)
        while let first = a.first, first == b.first {
            a.removeFirst()
            b.removeFirst()
        }
        while let last = a.last, last == b.last {
            a.removeLast()
            b.removeLast()
        }
        return min(a.count, b.count) == 0 ? max(a.count, b.count) : editDistance(Array(a), Array(b))
    }

    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
