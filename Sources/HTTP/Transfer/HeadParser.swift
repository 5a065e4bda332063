/// Collects the header lines of a response, libcurl's one line at a time, within bounds.
///
/// Interim responses (1xx) are forgotten; trailers, which come after the head is finished, are dropped.
struct HeadParser {
    static let largestHead = 64 << 10
    static let mostFields = 256

    private(set) var finished: HTTPTransfer.Head?
    private var status = 0
    private var fields = HTTPHeaders()
    /// Counted over interim responses and trailers too.
    private var size = 0
    private var lines = 0

    /// Returns what is wrong with the line, nil if nothing is.
    mutating func add(_ line: UnsafeRawBufferPointer) -> String? {
        size += line.count
        lines += 1
        guard size <= Self.largestHead else { return "more than \(Self.largestHead) bytes of headers" }
        guard lines <= Self.mostFields else { return "more than \(Self.mostFields) header lines" }
        guard finished == nil else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        let content = text.prefix { $0 != "\r\n" && $0 != "\n" && $0 != "\r" }
        if content.hasPrefix("HTTP/") {
            let words = content.split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[1].utf8.count == 3, let code = Int(words[1]), (100...599).contains(code)
            else {
                return "an invalid status line"
            }
            status = code
            fields = HTTPHeaders()
        } else if content.isEmpty {
            if status >= 200 { finished = HTTPTransfer.Head(status: status, headers: fields) }
        } else if let colon = content.firstIndex(of: ":") {
            fields.add(String(content[..<colon]), String(content[content.index(after: colon)...].trimmingBlanks))
        }
        return nil
    }
}
