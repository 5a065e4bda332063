package import Dockerfile

/// A bake file as it was read. Everything parsed from it knows its place in it, whichever file is evaluated.
package final class BakeFile: Sendable {
    package let text: SourceText

    /// More than any build description has.
    static let limit = 1 << 20

    package init(_ bytes: [UInt8], name: String) throws(BakeError) {
        guard bytes.count <= Self.limit else {
            throw BakeError("`\(name)` has \(bytes.count) bytes; a bake file may have \(Self.limit)")
        }
        text = SourceText(bytes, name: name)
        if String(validating: text.bytes, as: UTF8.self) == nil {
            throw BakeError("`\(name)` is not UTF-8 text")
        }
    }

    package convenience init(_ text: String, name: String) throws(BakeError) {
        try self.init(Array(text.utf8), name: name)
    }

    package var name: String { text.name }
    var bytes: [UInt8] { text.bytes }

    func string(_ offsets: Range<Int>) -> String { String(decoding: bytes[offsets], as: UTF8.self) }
}

/// A stretch of a file.
package struct Place: Sendable {
    let file: BakeFile
    let offsets: Range<Int>

    /// `file:line:column`.
    package var description: String {
        let start = file.text.position(of: offsets.lowerBound)
        return "\(file.name):\(start.line):\(start.column)"
    }
}

/// What is wrong with bake files, or with what was asked of them.
package struct BakeError: Error, CustomStringConvertible {
    package let message: String
    /// nil if it is no place in a file.
    package let place: Place?
    package let hint: String?

    package init(_ message: String, at place: Place? = nil, hint: String? = nil) {
        self.message = message
        self.place = place
        self.hint = hint
    }

    /// As its author needs to see it: the place, the line with a caret, the remedy.
    package var description: String {
        guard let place else { return "error: \(message)" + (hint.map { "\nhint: \($0)" } ?? "") }
        let text = place.file.text
        // Of a long expression its begin is enough.
        let offsets = place.offsets.clamped(to: 0..<max(0, text.bytes.count))
        return Diagnostic.error(message, at: text.range(offsets), hint: hint).render(in: text)
    }
}
