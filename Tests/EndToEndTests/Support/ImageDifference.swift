/// One thing in which our image is other than theirs.
struct ImageDifference: Hashable, Sendable, CustomStringConvertible {
    /// What explains a directory that only theirs has does not explain one that only ours has, or other contents.
    enum Kind: Sendable {
        case onlyOurs
        case onlyTheirs
        case changed
        /// A list has the same members in another order.
        case order
    }

    /// A path, `config.NAME` or a member of the configuration.
    let subject: String
    let kind: Kind
    private let values: String

    var description: String { "\(subject): \(values)" }

    /// nil for two that are equal.
    private init?<Value: Equatable & CustomStringConvertible>(_ subject: String, _ ours: Value?, _ theirs: Value?) {
        guard ours != theirs else { return nil }
        self.subject = subject
        kind =
            if ours == nil { .onlyTheirs } else if theirs == nil {
                .onlyOurs
            } else if let one = ours as? JSONText,
                let other = theirs as? JSONText, one.hasMembersOf(other)
            { .order } else { .changed }
        values = "ours \(ours?.description ?? "absent"), theirs \(theirs?.description ?? "absent")"
    }

    /// All of two images but times and the steps of the history.
    static func all(_ ours: ImageContents, _ theirs: ImageContents) -> [ImageDifference] {
        let paths = Set(ours.tree.keys).union(theirs.tree.keys).sorted()
        let names = Set(ours.runtime.keys).union(theirs.runtime.keys).sorted()
        return paths.compactMap { ImageDifference($0, ours.tree[$0], theirs.tree[$0]) }
            + names.compactMap { ImageDifference("config.\($0)", ours.runtime[$0], theirs.runtime[$0]) }
            + ["architecture", "os", "variant", "author"].compactMap {
                ImageDifference($0, ours.config[$0], theirs.config[$0])
            }
    }
}

extension JSONText {
    fileprivate func hasMembersOf(_ other: JSONText) -> Bool {
        guard case .array(let ours) = self, case .array(let theirs) = other else { return false }
        return ours.count == theirs.count && Set(ours) == Set(theirs)
    }
}
