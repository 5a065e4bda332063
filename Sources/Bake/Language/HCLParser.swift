// HCL, native syntax: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
//
// A file is a body: attributes `name = expression`, one on a line, and blocks `type "label" { body }`. Comments are
// `# …`, `// …` and `/* … */`. Line ends separate, except within parentheses and brackets.

import Dockerfile

/// Reads one file, or one template within a string of another format.
struct HCLParser {
    let file: BakeFile
    let bytes: [UInt8]
    var position: Int
    let end: Int
    /// Where everything is said to be, for text that does not stand in the file as it is parsed.
    let fixedPlace: Place?
    var ignoresNewlines = false
    /// Of parentheses, brackets, braces and templates: bounds the recursion.
    private var nesting = 0

    init(_ file: BakeFile) {
        self.file = file
        bytes = file.bytes
        position = 0
        end = file.bytes.count
        fixedPlace = nil
    }

    /// For `text` that `place` stands for.
    init(_ text: String, at place: Place) {
        file = place.file
        bytes = Array(text.utf8)
        position = 0
        end = bytes.count
        fixedPlace = place
    }

    static func parse(_ file: BakeFile) throws(BakeError) -> Body {
        var parser = HCLParser(file)
        return try parser.body(isFile: true)
    }

    // MARK: Places and errors

    func place(from start: Int, to end: Int) -> Place {
        fixedPlace ?? Place(file: file, offsets: start..<max(start, end))
    }

    func place(from start: Int) -> Place { place(from: start, to: position) }

    func error(_ message: String, at start: Int? = nil, hint: String? = nil) -> BakeError {
        let start = start ?? position
        return BakeError(message, at: place(from: start, to: min(end, max(start + 1, position))), hint: hint)
    }

    mutating func nested<Result>(
        _ body: (inout HCLParser) throws(BakeError) -> Result
    ) throws(BakeError) -> Result {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Expression.depthLimit else {
            throw error("nested more than \(Expression.depthLimit) deep")
        }
        return try body(&self)
    }

    /// Within brackets line ends mean nothing; within the braces of an object they do again.
    mutating func withNewlines<Result>(
        ignored: Bool, _ body: (inout HCLParser) throws(BakeError) -> Result
    ) throws(BakeError) -> Result {
        let before = ignoresNewlines
        ignoresNewlines = ignored
        defer { ignoresNewlines = before }
        return try nested(body)
    }

    // MARK: Characters

    var byte: UInt8? { position < end ? bytes[position] : nil }

    func starts(with text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= end else { return false }
        return "\(text)".utf8.elementsEqual(bytes[position..<position + count])
    }

    mutating func take(_ text: StaticString) -> Bool {
        guard starts(with: text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// The same after white space.
    mutating func takeNext(_ text: StaticString) throws(BakeError) -> Bool {
        try skipSpace()
        return take(text)
    }

    mutating func require(_ text: StaticString, _ reason: String) throws(BakeError) {
        guard try takeNext(text) else { throw unexpected("expected `\(text)` \(reason)") }
    }

    func unexpected(_ message: String) -> BakeError {
        guard position < end else { return error("\(message), but the text ends", at: end) }
        if byte == UInt8(ascii: "\n") { return error("\(message), but the line ends") }
        let character = String(decoding: bytes[position..<end].prefix(4), as: UTF8.self).first ?? "?"
        return error("\(message), not `\(character)`")
    }

    /// White space and comments; line ends too where they mean nothing.
    mutating func skipSpace() throws(BakeError) {
        while let byte {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "\n") where ignoresNewlines: position += 1
            case UInt8(ascii: "#"): skipLine()
            case UInt8(ascii: "/") where starts(with: "//"): skipLine()
            case UInt8(ascii: "/") where starts(with: "/*"): try skipComment()
            default: return
            }
        }
    }

    mutating func skipLines() throws(BakeError) {
        try skipSpace()
        while byte == UInt8(ascii: "\n") {
            position += 1
            try skipSpace()
        }
    }

    private mutating func skipLine() {
        while let byte, byte != UInt8(ascii: "\n") { position += 1 }
    }

    private mutating func skipComment() throws(BakeError) {
        let start = position
        position += 2
        while !starts(with: "*/") {
            guard position < end else {
                position = start + 2
                throw error("the comment does not end", at: start, hint: "close it with */")
            }
            position += 1
        }
        position += 2
    }

    // MARK: Names

    static func startsName(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func continuesName(_ byte: UInt8) -> Bool {
        startsName(byte) || isDigit(byte) || byte == UInt8(ascii: "-")
    }

    /// A name here, if there is one.
    mutating func name() -> String? {
        guard let byte, Self.startsName(byte) else { return nil }
        let start = position
        while let byte = self.byte, Self.continuesName(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Whether `word` stands here as a name of its own; it is taken then.
    mutating func takeKeyword(_ word: String) throws(BakeError) -> Bool {
        try skipSpace()
        let start = position
        if name() == word { return true }
        position = start
        return false
    }
}
