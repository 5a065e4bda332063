/// What a server says its refs are, at one moment.
package struct RefAdvertisement: Hashable, Sendable {
    /// Annotated tags stand for the commit they name.
    package private(set) var refs: [RefName: CommitID] = [:]
    /// The branch that HEAD stands for.
    package internal(set) var defaultBranch: RefName?
    /// Names that git itself would refuse, or that are not UTF-8: a sign of a broken or hostile server.
    package private(set) var refusedNames = 0

    /// More is an error.
    package static let maximumRefs = 1_000_000

    private let prefixes: [[UInt8]]

    /// Only refs that start with one of `prefixes` are kept; all if there are none.
    init(prefixes: [String]) { self.prefixes = prefixes.map { Array($0.utf8) } }

    /// Records `name`, which may end in `^{}` for the peeled value of the annotated tag listed before it.
    mutating func record(_ name: ArraySlice<UInt8>, _ id: ObjectID) throws(GitError) {
        let isPeeled = name.suffix(3).elementsEqual("^{}".utf8)
        let bare = isPeeled ? name.dropLast(3) : name
        guard prefixes.isEmpty || prefixes.contains(where: { bare.starts(with: $0) }) else { return }
        guard let ref = RefName(validating: bare) else {
            refusedNames += 1
            return
        }
        refs[ref] = CommitID(id)
        guard refs.count <= RefAdvertisement.maximumRefs else {
            throw GitError(.limitExceeded, "the server has more than \(RefAdvertisement.maximumRefs) refs")
        }
    }

    /// One line of protocol 2's `ls-refs` (gitprotocol-v2(5)):
    /// `oid SP refname *(SP attribute)`, attributes being `symref-target:` and `peeled:`.
    mutating func record(lsRefsLine line: ArraySlice<UInt8>) throws(GitError) {
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count >= 2 else { throw GitError(.protocolViolation, "the server sent a malformed ref") }
        var id = ObjectID(hex: words[0])
        for attribute in words.dropFirst(2) {
            if attribute.starts(with: "peeled:".utf8) {
                id = ObjectID(hex: attribute.dropFirst(7))
            } else if words[1].elementsEqual("HEAD".utf8), attribute.starts(with: "symref-target:".utf8) {
                defaultBranch = RefName(validating: attribute.dropFirst(14))
            }
        }
        guard let id else {
            // A branch without a commit yet.
            if words[0].elementsEqual("unborn".utf8) { return }
            throw GitError(.protocolViolation, "the server sent a ref without an object id")
        }
        try record(words[1], id)
    }
}
