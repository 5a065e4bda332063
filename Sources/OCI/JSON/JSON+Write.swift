extension JSON {
    /// The one form in which this engine writes image documents (layer contract 1, rule 12): members sorted bytewise by
    /// name, no white space, slashes not escaped, only the escapes JSON demands.
    package var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: nil, sorted: true)
        return bytes
    }

    /// For people: two spaces of indentation, members in their own order, no final line end.
    package var indentedText: String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: 0, sorted: false)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One line, members in their own order: for JSON lines.
    package var lineText: String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: nil, sorted: false)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(into bytes: inout [UInt8], indent: Int?, sorted: Bool) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        case .number(let text): bytes.append(contentsOf: text.utf8)
        case .string(let value): Self.write(value, into: &bytes)
        case .array(let values):
            Self.writeSequence(values, open: "[", close: "]", into: &bytes, indent: indent) { value, bytes, indent in
                value.write(into: &bytes, indent: indent, sorted: sorted)
            }
        case .object(let object):
            var members = object.members
            if sorted { members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
            Self.writeSequence(members, open: "{", close: "}", into: &bytes, indent: indent) { member, bytes, indent in
                Self.write(member.name, into: &bytes)
                bytes.append(contentsOf: (indent == nil ? ":" : ": ").utf8)
                member.value.write(into: &bytes, indent: indent, sorted: sorted)
            }
        }
    }

    private static func writeSequence<Element>(
        _ elements: [Element], open: String, close: String, into bytes: inout [UInt8], indent: Int?,
        _ writeElement: (Element, inout [UInt8], Int?) -> Void
    ) {
        bytes.append(contentsOf: open.utf8)
        let inner = indent.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(inner, into: &bytes)
            writeElement(element, &bytes, inner)
        }
        if !elements.isEmpty { breakLine(indent, into: &bytes) }
        bytes.append(contentsOf: close.utf8)
    }

    private static func breakLine(_ indent: Int?, into bytes: inout [UInt8]) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private static func write(_ string: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0a: bytes.append(contentsOf: "\\n".utf8)
            case 0x0c: bytes.append(contentsOf: "\\f".utf8)
            case 0x0d: bytes.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                let hex = String(byte, radix: 16)
                bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
