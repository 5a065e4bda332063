import HTTP

/// What the helper is asked, on its standard input: pkt-lines of "key value", ended by a flush. Credentials travel
/// here and nowhere else: not among the arguments, not in the environment.
struct HelperRequest {
    struct Remote {
        var url: GitURL
        var credentials: GitCredentials?
        var trust: GitTrust
    }

    enum Operation: CustomStringConvertible {
        /// All refs of a server that does not speak protocol 2.
        case refs(Remote)
        /// Brings `commit` into the mirror, over `ref` if the server does not give out commits by id.
        case fetch(Remote, mirror: String, commit: CommitID, ref: RefName?, isDamaged: Bool)
        /// Indexes the pack of descriptor 3 into the mirror. A damaged mirror is removed before.
        case index(mirror: String, commit: CommitID, ref: RefName?, shallow: [CommitID], isDamaged: Bool)

        var remote: Remote? {
            switch self {
            case .refs(let remote), .fetch(let remote, _, _, _, _): remote
            case .index: nil
            }
        }

        var description: String {
            switch self {
            case .refs(let remote): "listing the refs of \(remote.url)"
            case .fetch(let remote, _, let commit, _, _): "fetching \(commit.short) from \(remote.url)"
            case .index(_, let commit, _, _, _): "indexing the pack of \(commit.short)"
            }
        }
    }

    let operation: Operation
    let limits: GitFetchLimits

    init(operation: Operation, limits: GitFetchLimits) {
        self.operation = operation
        self.limits = limits
    }

    func encoded() -> [UInt8] {
        var fields = HelperFields()
        switch operation {
        case .refs: fields["operation"] = "refs"
        case .fetch(_, let mirror, let commit, let ref, let isDamaged):
            fields["operation"] = "fetch"
            fields["mirror"] = mirror
            fields["commit"] = commit.hex
            fields["ref"] = ref?.text
            fields["damaged"] = isDamaged ? "yes" : nil
        case .index(let mirror, let commit, let ref, let shallow, let isDamaged):
            fields["operation"] = "index"
            fields["mirror"] = mirror
            fields["commit"] = commit.hex
            fields["ref"] = ref?.text
            fields["damaged"] = isDamaged ? "yes" : nil
            fields["shallow"] = shallow.map(\.hex).joined(separator: " ")
        }
        if let remote = operation.remote { fields.encode(remote) }
        fields["objects"] = String(limits.objects)
        fields["pack-bytes"] = String(limits.packBytes)
        fields["descriptors"] = String(limits.descriptors)
        fields["tree-entries"] = String(limits.tree.entries)
        fields["tree-depth"] = String(limits.tree.depth)
        fields["tree-path"] = String(limits.tree.pathLength)
        fields["tree-bytes"] = String(limits.tree.bytes)
        return fields.bytes
    }

    init(decoding bytes: [UInt8]) throws(GitError) {
        let fields = try HelperFields(decoding: bytes)
        var limits = GitFetchLimits()
        limits.objects = try fields.number("objects")
        limits.packBytes = try fields.number("pack-bytes")
        limits.descriptors = try fields.number("descriptors")
        limits.tree.entries = try fields.number("tree-entries")
        limits.tree.depth = try fields.number("tree-depth")
        limits.tree.pathLength = try fields.number("tree-path")
        limits.tree.bytes = try fields.number("tree-bytes")
        self.limits = limits
        switch fields["operation"] {
        case "refs": operation = .refs(try fields.remote())
        case "fetch":
            operation = .fetch(
                try fields.remote(), mirror: try fields.text("mirror"), commit: try fields.commit(),
                ref: try fields.ref(), isDamaged: fields["damaged"] != nil)
        case "index":
            let shallow = try fields.text("shallow").split(separator: " ").compactMap { CommitID(String($0)) }
            operation = .index(
                mirror: try fields.text("mirror"), commit: try fields.commit(), ref: try fields.ref(),
                shallow: shallow, isDamaged: fields["damaged"] != nil)
        default: throw HelperFields.malformed
        }
    }
}

/// The fields of a request by name.
private struct HelperFields {
    static let malformed = GitError(.system, "the git helper cannot read its request")

    private var values: [String: String] = [:]

    init() {}

    subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in values { PktLine.append("\(name) \(value)", to: &bytes) }
        return bytes + PktLine.flushBytes
    }

    init(decoding bytes: [UInt8]) throws(GitError) {
        var reader = PktLineReader()
        reader.append(bytes)
        while case .data(let line)? = try reader.next() {
            guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { throw HelperFields.malformed }
            values[line[..<space].text] = line[(space + 1)...].text
        }
    }

    func text(_ name: String) throws(GitError) -> String {
        guard let value = values[name] else { throw HelperFields.malformed }
        return value
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(GitError) -> Number {
        guard let value = Number(try text(name)) else { throw HelperFields.malformed }
        return value
    }

    func commit() throws(GitError) -> CommitID {
        guard let commit = CommitID(try text("commit")) else { throw HelperFields.malformed }
        return commit
    }

    func ref() throws(GitError) -> RefName? {
        guard let ref = values["ref"] else { return nil }
        return try RefName(ref)
    }

    mutating func encode(_ remote: HelperRequest.Remote) {
        self["url"] = remote.url.transportText
        self["authorities"] = remote.trust.certificateAuthorities
        self["known-hosts"] = remote.trust.knownHosts
        switch remote.credentials {
        case .password(let user, let password):
            self["user"] = user
            self["password"] = password.revealed()
        case .privateKey(let user, let path, let passphrase):
            self["user"] = user
            self["key"] = path
            self["password"] = passphrase?.revealed()
        case .sshAgent(let user, let socket):
            self["user"] = user
            self["agent"] = socket
        case .header, nil: break
        }
    }

    func remote() throws(GitError) -> HelperRequest.Remote {
        let url = try GitURL.parse(try text("url"), allowing: Set(GitURL.Scheme.allCases))
        var credentials: GitCredentials?
        if let user = self["user"] {
            let password = self["password"].map { Secret($0) }
            if let key = self["key"] {
                credentials = .privateKey(user: user, path: key, passphrase: password)
            } else if let socket = self["agent"] {
                credentials = .sshAgent(user: user, socket: socket)
            } else if let password {
                credentials = .password(user: user, password)
            }
        }
        let trust = GitTrust(certificateAuthorities: self["authorities"], knownHosts: self["known-hosts"])
        return HelperRequest.Remote(url: url, credentials: credentials, trust: trust)
    }
}
