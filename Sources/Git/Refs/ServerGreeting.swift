/// The answer to `GET …/info/refs?service=git-upload-pack` (gitprotocol-http(5)): the capabilities of protocol 2, or,
/// from servers without it, all refs.
struct ServerGreeting {
    enum Content {
        case version2(ServerCapabilities)
        case refs(RefAdvertisement)
    }

    private var reader = PktLineReader()
    private var advertisement: RefAdvertisement
    private var capabilities: ServerCapabilities?
    private var sawService = false
    private var sawFirst = false
    private var isComplete = false

    init(prefixes: [String]) { advertisement = RefAdvertisement(prefixes: prefixes) }

    mutating func append(_ chunk: [UInt8]) throws(GitError) {
        reader.append(chunk)
        while let line = try reader.next() {
            switch line {
            case .data(let payload): try receive(payload.line)
            case .flush:
                // One flush ends the `# service` preamble.
                if sawService, !sawFirst, capabilities == nil, !isComplete {
                    sawService = false
                } else {
                    isComplete = true
                }
            case .delimiter, .responseEnd:
                throw GitError(.protocolViolation, "the server's greeting has an unexpected delimiter")
            }
        }
    }

    func finish() throws(GitError) -> Content {
        guard isComplete, reader.isEmpty else {
            throw GitError(.protocolViolation, "the server's greeting is incomplete")
        }
        if let capabilities { return .version2(capabilities) }
        return .refs(advertisement)
    }

    private mutating func receive(_ line: ArraySlice<UInt8>) throws(GitError) {
        if line.starts(with: "ERR ".utf8) {
            throw GitError(.repositoryNotFound, "the server refuses: \(printable(line.dropFirst(4).text))")
        }
        if capabilities != nil {
            capabilities?.record(line)
        } else if !sawFirst, line.starts(with: "# service=".utf8) {
            sawService = true
        } else if !sawFirst, line.elementsEqual("version 2".utf8) {
            capabilities = ServerCapabilities()
        } else if !sawFirst, line.elementsEqual("version 1".utf8) {
            return
        } else {
            try receiveRef(line)
        }
    }

    /// `oid SP name [NUL capabilities]`; the capabilities come with the first.
    private mutating func receiveRef(_ line: ArraySlice<UInt8>) throws(GitError) {
        let end = sawFirst ? line.endIndex : line.firstIndex(of: 0) ?? line.endIndex
        if !sawFirst {
            sawFirst = true
            for word in line[end...].dropFirst().split(separator: UInt8(ascii: " "))
            where word.starts(with: "symref=HEAD:".utf8) {
                advertisement.defaultBranch = RefName(validating: word.dropFirst(12))
            }
        }
        let head = line[..<end]
        guard let space = head.firstIndex(of: UInt8(ascii: " ")), let id = ObjectID(hex: head[..<space]) else {
            throw GitError(.protocolViolation, "the server sent a malformed ref")
        }
        let name = head[(space + 1)...]
        // An empty repository says so with the capabilities of no ref; shallow lines belong to shallow servers.
        if name.elementsEqual("capabilities^{}".utf8) { return }
        try advertisement.record(name, id)
    }
}

/// What a server of protocol 2 can do.
struct ServerCapabilities: Hashable {
    private(set) var canListRefs = false
    private(set) var canFetchShallow = false
    private(set) var objectFormat = "sha1"

    mutating func record(_ line: ArraySlice<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1).map(\.text)
        switch parts.first {
        case "ls-refs": canListRefs = true
        case "fetch": canFetchShallow = parts.count > 1 && parts[1].split(separator: " ").contains("shallow")
        case "object-format": objectFormat = parts.count > 1 ? parts[1] : "sha1"
        default: break
        }
    }
}
