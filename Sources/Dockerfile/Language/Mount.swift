/// A mount of one RUN: what it is, where it appears, and what it may do.
package struct Mount: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case bind
        case cache
        case tmpfs
        case secret
        case ssh
    }

    package enum Sharing: String, CaseIterable, Sendable {
        /// Several steps write at the same time.
        case shared
        /// A second writer gets a copy of its own.
        case `private`
        /// A second writer waits.
        case locked
    }

    package var kind = Kind.bind
    /// A path relative to the working directory, or absolute. Nil: secrets and agents have a default place.
    package var target: String?
    /// A path in `from`; in the cache itself for a cache without that.
    package var source: String?
    /// A stage, named context or image; nil is the build context, or nothing for a cache.
    package var from: String?
    /// Of a cache, secret or agent. Nil is the default: the cleaned target, or the name of the file, or `default`.
    package var id: String?
    package var isReadOnly = false
    package var sharing = Sharing.shared
    /// Bytes of a tmpfs; nil is unbounded.
    package var size: Int?
    package var mode: UInt16?
    package var uid: UInt32?
    package var gid: UInt32?
    package var isRequired = false
    /// The variable a secret is given in.
    package var environmentVariable: String?
}

/// Takes the fields of one mount in the order they are written.
struct MountReader {
    private static let keys = [
        "type", "target", "dst", "destination", "source", "src", "from", "id", "ro", "readonly", "rw", "readwrite",
        "sharing", "size", "mode", "uid", "gid", "required", "env",
    ]
    private var mount = Mount()
    private var given: Set<String> = []
    private var access: Bool?

    mutating func take(_ key: String, _ value: String?) throws(MountError) {
        switch key {
        case "ro", "readonly": access = try bool(key, value)
        case "rw", "readwrite": access = try !bool(key, value)
        case "required": mount.isRequired = try bool(key, value)
        default:
            guard Self.keys.contains(key) else {
                throw MountError("unknown mount option `\(key)`", hint: Suggestion.hint(for: key, among: Self.keys))
            }
            guard let value else {
                throw MountError("the mount option `\(key)` has no value", hint: "write \(key)=value")
            }
            try take(key, value)
        }
        given.insert(key)
    }

    private mutating func take(_ key: String, _ value: String) throws(MountError) {
        switch key {
        case "type": mount.kind = try choice(key, value)
        case "target", "dst", "destination": mount.target = value
        case "source", "src": mount.source = value
        case "from": mount.from = value
        // As if it were not given.
        case "id": mount.id = value.isEmpty ? nil : value
        case "sharing": mount.sharing = try choice(key, value)
        case "env":
            guard !value.isEmpty, !value.contains("=") else { throw MountError("`\(value)` is no name for a variable") }
            mount.environmentVariable = value
        case "size":
            guard let size = ByteSize.parse(value) else {
                throw MountError("invalid size `\(value)`", hint: "write for instance size=128m")
            }
            mount.size = size
        case "mode":
            guard let mode = UInt16(value, radix: 8), mode <= 0o7777 else {
                throw MountError("invalid mode `\(value)`", hint: "use octal digits up to 7777")
            }
            mount.mode = mode
        case "uid": mount.uid = try number(key, value)
        default: mount.gid = try number(key, value)
        }
    }

    /// Checks what only the whole shows.
    func finish() throws(MountError) -> Mount {
        var mount = mount
        let allowed: [(keys: [String], kinds: [Mount.Kind])] = [
            (["mode", "uid", "gid"], [.secret, .ssh, .cache]), (["size"], [.tmpfs]), (["required"], [.secret, .ssh]),
            (["sharing"], [.cache]), (["env"], [.secret]), (["from"], [.bind, .cache]),
        ]
        for rule in allowed where !rule.kinds.contains(mount.kind) {
            if let key = rule.keys.first(where: given.contains) {
                throw MountError("`\(key)` does not go with a \(mount.kind.rawValue) mount")
            }
        }
        if mount.kind == .secret {
            // `source` is another word for the id of a secret.
            mount.id = mount.id ?? mount.source
            mount.source = nil
            guard mount.id != nil || mount.target != nil else { throw MountError("a secret mount needs an id") }
        }
        if [.bind, .cache, .tmpfs].contains(mount.kind), mount.target ?? "" == "" {
            throw MountError("a \(mount.kind.rawValue) mount needs a target", hint: "add target=PATH")
        }
        if let target = mount.target, target.utf8.contains(.slash),
            target.utf8.allSatisfy({ $0 == .slash || $0 == UInt8(ascii: ".") }),
            target.hasPrefix("/")
        {
            throw MountError("nothing can be mounted over `/`")
        }
        mount.isReadOnly = access ?? (mount.kind == .bind)
        return mount
    }

    private func bool(_ key: String, _ value: String?) throws(MountError) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "1": return true
        case "false", "0": return false
        case let other?: throw MountError("`\(key)` is either true or false, not `\(other)`")
        }
    }

    private func number(_ key: String, _ value: String) throws(MountError) -> UInt32 {
        guard let number = UInt32(value) else { throw MountError("`\(key)` needs a number, not `\(value)`") }
        return number
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ value: String
    ) throws(MountError) -> Choice {
        if let choice = Choice(rawValue: value.lowercased()) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        throw MountError(
            "unknown \(key) `\(value)`",
            hint: Suggestion.hint(for: value, among: known) ?? "use one of: \(known.joined(separator: ", "))")
    }
}

/// Sizes as the field writes them: a number of bytes, or with `k`, `m`, `g`, `t` in steps of 1024.
package enum ByteSize {
    package static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        var suffix = text.dropFirst(digits.count).lowercased()
        if suffix.hasSuffix("ib") { suffix.removeLast(2) } else if suffix.hasSuffix("b") { suffix.removeLast() }
        guard let power = ["", "k", "m", "g", "t"].firstIndex(of: suffix) else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: 1 << (10 * power))
        return overflow ? nil : size
    }
}
