/// A JSON document small enough to hold: what the command line prints, and what exec forms are read with.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number that is not an integer of this machine, as written.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order they are printed.
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONValue {
    /// The document on one line, or indented by two spaces a level.
    package func serialized(indented: Bool = false) -> String {
        var output = ""
        write(to: &output, indentation: indented ? 0 : nil)
        return output
    }

    private func write(to output: inout String, indentation: Int?) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .number(let text): output += text
        case .string(let text): Self.write(text, to: &output)
        case .array(let values):
            Self.write(values, brackets: ("[", "]"), to: &output, indentation: indentation) { value, output, inner in
                value.write(to: &output, indentation: inner)
            }
        case .object(let members):
            Self.write(members, brackets: ("{", "}"), to: &output, indentation: indentation) { member, output, inner in
                Self.write(member.name, to: &output)
                output += inner == nil ? ":" : ": "
                member.value.write(to: &output, indentation: inner)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], brackets: (String, String), to output: inout String, indentation: Int?,
        item: (Item, inout String, Int?) -> Void
    ) {
        output += brackets.0
        for (index, each) in items.enumerated() {
            if index > 0 { output += "," }
            if let indentation { output += "\n" + String(repeating: "  ", count: indentation + 1) }
            item(each, &output, indentation.map { $0 + 1 })
        }
        if let indentation, !items.isEmpty { output += "\n" + String(repeating: "  ", count: indentation) }
        output += brackets.1
    }

    private static func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
