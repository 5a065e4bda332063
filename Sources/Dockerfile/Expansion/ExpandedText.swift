/// What a word became so far: one text, and where unquoted white space splits it.
struct ExpandedText {
    private(set) var value: [UInt8] = []
    private var completeWords: [Range<Int>] = []
    private var wordStart: Int?

    /// Text outside quotes; its white space separates words.
    mutating func append(unquoted bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte.isASCIISpace {
                endWord()
            } else if wordStart == nil {
                wordStart = value.count
            }
            value.append(byte)
        }
    }

    mutating func append(quoted bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else { return }
        if wordStart == nil { wordStart = value.count }
        value.append(contentsOf: bytes)
    }

    private mutating func endWord() {
        if let start = wordStart.take() { completeWords.append(start..<value.count) }
    }

    var words: [String] {
        (completeWords + (wordStart.map { [$0..<value.count] } ?? [])).map { value[$0].text }
    }
}
