import OCI

/// Selections of too many files to be listed.
extension IngredientDifference {
    /// So many are named, the others are counted.
    private static let mostNames = 3

    static func prints(of files: JSON) -> FilePrints? {
        if let text = files["prints"]?.stringValue { return FilePrints(text) }
        guard let list = files["list"]?.arrayValue else { return nil }
        var prints = FilePrints()
        for line in list.compactMap(\.stringValue) {
            let (path, rest) = split(line)
            prints.add(path.utf8, rest.utf8)
        }
        return prints
    }

    mutating func comparePrints(_ old: FilePrints?, _ new: FilePrints?, _ paths: () -> [String]) {
        guard let old, let new else { return add("files changed (too many to name them)") }
        let (changed, added, gone) = old.differences(to: new)
        let names = changed.isEmpty && added.isEmpty ? [] : paths()
        func tell(_ places: [Int], _ one: String, _ several: String) {
            let known = names.isEmpty ? [] : places.prefix(Self.mostNames)
            for place in known where names.indices.contains(place) { add("file \(names[place]) \(one)") }
            let rest = places.count - known.count
            if rest > 0 {
                add("\(rest) \(known.isEmpty ? "" : "more ")\(rest == 1 ? "file \(one)" : "files \(several)")")
            }
        }
        tell(changed, "changed", "changed")
        tell(added, "is new", "are new")
        if gone > 0 { add("\(gone) \(gone == 1 ? "file is" : "files are") gone") }
        if changed.isEmpty, added.isEmpty, gone == 0 { add("files changed their order or their place") }
    }
}
