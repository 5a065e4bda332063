/// One tree object: `mode SP name NUL id`, repeated, sorted by name with directories compared as `name/`
/// (git's `fsck_tree`). Parsed here and not by a library, so that every oddity is refused by name.
struct TreeObject {
    struct Item {
        let name: ArraySlice<UInt8>
        let kind: GitTree.Kind
        let id: ObjectID
    }

    let items: [Item]

    /// `place` is shown in errors: the path of the directory.
    init(_ bytes: [UInt8], idLength: Int = 20, place: @autoclosure () -> String) throws(GitError) {
        var items: [Item] = []
        items.reserveCapacity(bytes.count / 40)
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                let end = rest[space...].firstIndex(of: 0), rest.endIndex - end > idLength,
                let id = ObjectID(bytes: rest[(end + 1)...(end + idLength)])
            else { throw GitError(.hostileTree, "directory `\(place())` is malformed") }
            let name = rest[(space + 1)..<end]
            func refuse(_ reason: String) -> GitError {
                GitError(.hostileTree, "entry `\(TreeObject.join(place(), name))` \(reason)")
            }
            guard let kind = TreeObject.kind(rest[..<space]) else {
                throw refuse("has the unknown mode \(printable(String(decoding: rest[..<space], as: UTF8.self)))")
            }
            if let reason = EntryName.refusal(of: name) { throw refuse(reason) }
            if kind == .symbolicLink, EntryName.mayNotBeLink(name) { throw refuse("may not be a symbolic link") }
            let item = Item(name: name, kind: kind, id: id)
            if let previous = items.last {
                guard TreeObject.isOrdered(previous, item) else { throw refuse("is a duplicate or out of order") }
                if kind == .directory, TreeObject.hasTwin(items, name) { throw refuse("is a duplicate") }
            }
            items.append(item)
            rest = rest[(end + idLength + 1)...]
        }
        self.items = items
    }

    private static func kind(_ mode: ArraySlice<UInt8>) -> GitTree.Kind? {
        var value: UInt32 = 0
        guard (5...6).contains(mode.count) else { return nil }
        for digit in mode {
            guard (0x30...0x37).contains(digit) else { return nil }
            value = value << 3 | UInt32(digit - 0x30)
        }
        switch value {
        // Group-writable files were written by the first versions of git.
        case 0o100644, 0o100664: return .file
        case 0o100755: return .executable
        case 0o120000: return .symbolicLink
        case 0o040000: return .directory
        case 0o160000: return .submodule
        default: return nil
        }
    }

    private static func isOrdered(_ left: Item, _ right: Item) -> Bool {
        var leftName = left.name
        var rightName = right.name
        while let leftByte = leftName.first, let rightByte = rightName.first {
            if leftByte != rightByte { return leftByte < rightByte }
            leftName = leftName.dropFirst()
            rightName = rightName.dropFirst()
        }
        let slash = UInt8(ascii: "/")
        let leftByte = leftName.first ?? (left.kind == .directory ? slash : 0)
        let rightByte = rightName.first ?? (right.kind == .directory ? slash : 0)
        if leftName.isEmpty, rightName.isEmpty { return false }
        return leftByte < rightByte
    }

    /// Whether a file has the name of the directory that comes now. Between them only names can stand that start with
    /// theirs and go on with a character before `/`.
    private static func hasTwin(_ items: [Item], _ name: ArraySlice<UInt8>) -> Bool {
        for item in items.reversed() {
            guard item.name.starts(with: name) else { return false }
            if item.name.count == name.count { return true }
        }
        return false
    }

    private static func join(_ place: String, _ name: ArraySlice<UInt8>) -> String {
        printable((place.isEmpty ? "" : place + "/") + String(decoding: name, as: UTF8.self))
    }
}
