/// What the helper answers on its standard output: pkt-lines, ended by a flush.
struct HelperReply {
    /// Refs as the server lists them, in its order; `name^{}` is the peeled value of an annotated tag.
    var refs: [(name: ArraySlice<UInt8>, id: ObjectID)] = []
    /// The branch that HEAD stands for.
    var head: RefName?

    init() {}

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, id) in refs { PktLine.append(Array("ref \(id.hex) ".utf8) + name, to: &bytes) }
        if let head { PktLine.append("head \(head.text)", to: &bytes) }
        return bytes + PktLine.flushBytes
    }

    static func encode(_ error: GitError) -> [UInt8] {
        var bytes: [UInt8] = []
        PktLine.append("error \(error.code.rawValue) \(error.message)".utf8.prefix(4096), to: &bytes)
        return bytes + PktLine.flushBytes
    }

    /// Throws the error that the helper reports.
    init(decoding bytes: [UInt8]) throws(GitError) {
        var reader = PktLineReader()
        reader.append(bytes)
        while true {
            guard let line = try reader.next() else {
                throw GitError(.system, "the git helper's answer is incomplete")
            }
            guard case .data(let payload) = line else { return }
            let words = payload.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard let kind = words.first, words.count > 1 else { continue }
            if kind.elementsEqual("ref".utf8), words.count == 3, let id = ObjectID(hex: words[1]) {
                refs.append((words[2], id))
            } else if kind.elementsEqual("head".utf8) {
                head = RefName(validating: words[1])
            } else if kind.elementsEqual("error".utf8), words.count == 3 {
                throw GitError(GitError.Code(rawValue: words[1].text) ?? .system, words[2].text)
            }
        }
    }
}
