import HTTP
import Linux

/// Protocol 2's `fetch` of one commit, without negotiation: we say what we have and are done. `deepen 1` asks for the
/// commit's tree without its history, which no build needs and libgit2 1.5 cannot leave out.
struct PackRequest {
    let commit: CommitID
    /// Commits whose trees are complete here; the server leaves out what they contain.
    let have: [CommitID]
    /// Those of them whose parents we lack.
    let shallow: [CommitID]

    func encoded(_ capabilities: ServerCapabilities) -> [UInt8] {
        var body: [UInt8] = []
        PktLine.append("command=fetch\n", to: &body)
        PktLine.append("agent=caisson\n", to: &body)
        body += PktLine.delimiterBytes
        PktLine.append("ofs-delta\n", to: &body)
        // Without it, a server that cuts history off sends whole trees, whatever we have (git's pack-objects marks the
        // contents of commits that are no parents only for thin packs).
        PktLine.append("thin-pack\n", to: &body)
        PktLine.append("no-progress\n", to: &body)
        if capabilities.canFetchShallow {
            for commit in shallow { PktLine.append("shallow \(commit.hex)\n", to: &body) }
            PktLine.append("deepen 1\n", to: &body)
        }
        PktLine.append("want \(commit.hex)\n", to: &body)
        for commit in have { PktLine.append("have \(commit.hex)\n", to: &body) }
        PktLine.append("done\n", to: &body)
        return body + PktLine.flushBytes
    }
}

/// The answer: sections with a title each, separated by delimiters; the pack comes last, in side band 1.
struct PackResponse {
    private enum Section {
        case title, shallow, other, pack, end
    }

    private(set) var shallow: [CommitID] = []
    private var section = Section.title
    private var reader = PktLineReader()

    var isComplete: Bool { section == .end }

    /// Calls `write` with pieces of the pack.
    mutating func append(
        _ chunk: [UInt8], of server: SmartHTTP, _ write: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        reader.append(chunk)
        while let line = try reader.next() {
            switch (line, section) {
            case (.data(let payload), .title):
                let title = try server.refusingErrors(payload.line)
                section =
                    title.elementsEqual("packfile".utf8)
                    ? .pack : title.elementsEqual("shallow-info".utf8) ? .shallow : .other
            case (.data(let payload), .shallow):
                if payload.starts(with: "shallow ".utf8), let id = ObjectID(hex: payload.line.dropFirst(8)) {
                    shallow.append(CommitID(id))
                }
            case (.data, .other): break
            case (.data(let payload), .pack): try receive(payload, of: server, write)
            case (.delimiter, .shallow), (.delimiter, .other): section = .title
            case (.flush, .pack): section = .end
            default: throw GitError(.protocolViolation, "\(server.url) sends a pack in an unknown way")
            }
        }
    }

    private func receive(
        _ payload: ArraySlice<UInt8>, of server: SmartHTTP, _ write: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        switch payload.first {
        case 1: try write(payload.dropFirst())
        case 2: break
        case 3:
            throw GitError(.protocolViolation, "\(server.url) fails: \(printable(payload.dropFirst().line.text))")
        default: throw GitError(.protocolViolation, "\(server.url) sends an unknown side band")
        }
    }
}
