/// Why a `--mount` value makes no sense.
package struct MountError: Error, Hashable, Sendable {
    package let message: String
    package let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

/// A `--mount` value split into its fields, variables not yet expanded.
package struct MountOption: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        /// Lower case.
        package let key: String
        /// Nil for a bare word such as `ro`.
        package let value: String?
    }

    package let fields: [Field]
    package let range: SourceRange

    init(_ text: String, range: SourceRange) throws(MountError) {
        guard let columns = CommaSeparatedValues.split(text) else {
            throw MountError("the mount options `\(text)` have an open quote")
        }
        self.range = range
        var fields: [Field] = []
        for column in columns {
            let equals = column.firstIndex(of: "=")
            let key = column[..<(equals ?? column.endIndex)].lowercased()
            fields.append(Field(key: key, value: equals.map { String(column[column.index(after: $0)...]) }))
        }
        self.fields = fields
        if let from = fields.first(where: { $0.key == "from" })?.value, from.contains("$") {
            throw MountError(
                "from= takes no variables", hint: "add a stage with FROM \(from) AS name and mount from that name")
        }
    }

    /// The mount with every value expanded but `from`, which is taken as written.
    package func mount(_ expand: (String) throws(ExpansionError) -> String) throws(MountError) -> Mount {
        var reader = MountReader()
        for field in fields {
            var value = field.value
            if let raw = value, field.key != "from" {
                do throws(ExpansionError) { value = try expand(raw) } catch { throw MountError(error.message) }
            }
            try reader.take(field.key, value)
        }
        return try reader.finish()
    }
}

/// One record of comma-separated values (RFC 4180): a quoted value may hold commas, `""` in it is a quote.
enum CommaSeparatedValues {
    /// Nil when a quote is not closed.
    static func split(_ text: String) -> [String]? {
        var values: [String] = []
        var value: [UInt8] = []
        var isQuoted = false
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && bytes.first == byte:
                value.append(byte)
                bytes.removeFirst()
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                values.append(value.text)
                value = []
            default: value.append(byte)
            }
        }
        return isQuoted ? nil : values + [value.text]
    }
}
