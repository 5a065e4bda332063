/// The users and groups of an image, from its `/etc/passwd` and `/etc/group` (passwd(5), group(5)).
package struct UserDatabase: Sendable {
    package struct User: Hashable, Sendable {
        let name: String
        let uid: UInt32
        let gid: UInt32
        let home: String
    }

    package struct Group: Hashable, Sendable {
        let name: String
        let gid: UInt32
        let members: [String]
    }

    /// Who a command runs as.
    package struct Identity: Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        package var supplementary: [UInt32]
        /// From passwd; nil for a user without an entry.
        package var home: String?

        package init(uid: UInt32, gid: UInt32, supplementary: [UInt32], home: String?) {
            self.uid = uid
            self.gid = gid
            self.supplementary = supplementary
            self.home = home
        }
    }

    let users: [User]
    let groups: [Group]

    /// Lines that are not entries are passed over, as the C library does.
    package init(passwd: [UInt8], group: [UInt8]) {
        users = Self.lines(passwd).compactMap { fields in
            guard fields.count >= 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return User(name: fields[0], uid: uid, gid: gid, home: fields[5])
        }
        groups = Self.lines(group).compactMap { fields in
            guard fields.count >= 4, let gid = UInt32(fields[2]) else { return nil }
            return Group(name: fields[0], gid: gid, members: fields[3].split(separator: ",").map(String.init))
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[String]] {
        bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    /// `user[:group]` as USER takes it; empty is root. A name must have an entry, a number need not: its group is then 0.
    /// An explicit group replaces the supplementary ones.
    package func identity(of text: String) throws(UnknownUser) -> Identity {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let user: User?
        var identity: Identity
        if let found = users.first(where: { $0.name == name }) {
            user = found
            identity = Identity(uid: found.uid, gid: found.gid, supplementary: [], home: found.home)
        } else if let uid = Self.number(name) {
            user = users.first { $0.uid == uid }
            identity = Identity(uid: uid, gid: user?.gid ?? 0, supplementary: [], home: user?.home)
        } else {
            throw UnknownUser(kind: "user", name: name, known: users.map(\.name))
        }
        if parts.count > 1 {
            identity.gid = try gid(of: parts[1])
        } else if let user {
            identity.supplementary = groups.filter { $0.members.contains(user.name) }.map(\.gid)
        }
        return identity
    }

    /// `user[:group]` as `--chown` takes it: a number alone is group and user.
    package func owner(of text: String) throws(UnknownUser) -> CopyPlacement.Owner {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first ?? ""
        var owner: CopyPlacement.Owner
        if let uid = Self.number(name) {
            owner = .init(uid: uid, gid: uid)
        } else if let user = users.first(where: { $0.name == name }) {
            owner = .init(uid: user.uid, gid: user.gid)
        } else {
            throw UnknownUser(kind: "user", name: name, known: users.map(\.name))
        }
        if parts.count > 1 { owner.gid = try gid(of: parts[1]) }
        return owner
    }

    private func gid(of name: String) throws(UnknownUser) -> UInt32 {
        if let group = groups.first(where: { $0.name == name }) { return group.gid }
        if let gid = Self.number(name) { return gid }
        throw UnknownUser(kind: "group", name: name, known: groups.map(\.name))
    }

    /// Digits alone, within what kernel and archives agree on.
    private static func number(_ text: String) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let id = Int32(text)
        else { return nil }
        return UInt32(id)
    }
}

/// A name without an entry in the image.
package struct UnknownUser: Error, Hashable, Sendable, CustomStringConvertible {
    package let kind: String
    package let name: String
    let known: [String]

    package var description: String {
        if name.isEmpty { return "no \(kind) is named beside the colon" }
        if name.allSatisfy({ "0"..."9" ~= $0 }) { return "the \(kind) \(name) is larger than \(Int32.max)" }
        let file = kind == "user" ? "/etc/passwd" : "/etc/group"
        return "unknown \(kind) `\(name)`: it is not in the image's \(file)"
    }

    package var hint: String? {
        name.contains { !("0"..."9" ~= $0) } ? "create it in an earlier RUN, or use its number" : nil
    }
}
