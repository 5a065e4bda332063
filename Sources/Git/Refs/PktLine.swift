/// git's framing (gitprotocol-common(5)): four hexadecimal digits of length, which counts them, then the payload;
/// 0000 flush, 0001 delimiter, 0002 end of response.
enum PktLine: Hashable {
    case data(ArraySlice<UInt8>)
    case flush
    case delimiter
    case responseEnd

    static let maximumPayload = 65516

    /// Appends one line with `payload`, which must not be longer than `maximumPayload`.
    static func append(_ payload: some Collection<UInt8>, to bytes: inout [UInt8]) {
        precondition(payload.count <= maximumPayload, "a pkt-line holds at most \(maximumPayload) bytes")
        let length = payload.count + 4
        for shift in [12, 8, 4, 0] { bytes.append(digit(length >> shift & 15)) }
        bytes += payload
    }

    static func append(_ line: String, to bytes: inout [UInt8]) { append(line.utf8, to: &bytes) }

    static let flushBytes = Array("0000".utf8)
    static let delimiterBytes = Array("0001".utf8)

    private static func digit(_ value: Int) -> UInt8 { UInt8(value < 10 ? 0x30 + value : 0x61 + value - 10) }
}

/// Cuts a stream into pkt-lines, whatever its chunks are.
struct PktLineReader {
    private var buffer: [UInt8] = []
    private var position = 0

    init() {}

    mutating func append(_ chunk: some Collection<UInt8>) {
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
        } else if position > 0 {
            buffer.removeSubrange(..<position)
        }
        position = 0
        buffer += chunk
    }

    /// Nothing waits that is not a whole line.
    var isEmpty: Bool { position == buffer.count }

    /// The next line; nil when more bytes are needed.
    mutating func next() throws(GitError) -> PktLine? {
        guard buffer.count - position >= 4 else { return nil }
        var length = 0
        for index in position..<(position + 4) {
            guard let value = hexadecimalValue(buffer[index] | 0x20) else {
                let text = printable(String(decoding: buffer[position..<(position + 4)], as: UTF8.self))
                throw GitError(.protocolViolation, "the server does not speak git's protocol: `\(text)` is no length")
            }
            length = length << 4 | Int(value)
        }
        switch length {
        case 0, 1, 2:
            position += 4
            return length == 0 ? .flush : length == 1 ? .delimiter : .responseEnd
        case 3, (PktLine.maximumPayload + 5)...:
            throw GitError(.protocolViolation, "the server sent a line of the impossible length \(length)")
        default:
            guard buffer.count - position >= length else { return nil }
            defer { position += length }
            return .data(buffer[(position + 4)..<(position + length)])
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without one newline at the end.
    var line: ArraySlice<UInt8> { last == UInt8(ascii: "\n") ? dropLast() : self }

    var text: String { String(decoding: self, as: UTF8.self) }
}
