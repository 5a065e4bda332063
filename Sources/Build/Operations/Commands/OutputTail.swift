import Synchronization

/// The end of what a command wrote.
final class OutputTail: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    private static let limit = 16 << 10
    private static let lineLimit = 20

    func append(_ more: [UInt8]) {
        bytes.withLock { bytes in
            bytes += more
            if bytes.count > 2 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
        }
    }

    var lines: [String] {
        let text = String(decoding: bytes.withLock { $0.suffix(Self.limit) }, as: UTF8.self)
        return text.split(separator: "\n").suffix(Self.lineLimit).map(String.init)
    }
}
