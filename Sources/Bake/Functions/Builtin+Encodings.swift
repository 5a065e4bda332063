import OCI

extension Builtin {
    static let encodings: [String: Builtin] = [
        "jsonencode": Builtin(1) { call in try call.made(call[0].json.lineText) },
        "jsondecode": Builtin(1) { call in
            do { return Value(try JSON(parsing: Array(try call.text(0).utf8))) } catch let error as OCIError {
                throw call.error(error.message, 0)
            }
        },
        "csvdecode": Builtin(1) { call in try csv(call) },
        "base64encode": bytes { Base64.text(Array($0.utf8)) },
        "base64decode": Builtin(1) { call in
            guard let bytes = Base64.bytes(try call.text(0)), let text = String(validating: bytes, as: UTF8.self) else {
                throw call.error("this is not text in base64", 0)
            }
            return try call.made(text)
        },
        "urlencode": bytes { text in
            var result = ""
            for byte in text.utf8 {
                let isPlain =
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || HCLParser.isDigit(byte)
                    || "-_.~".utf8.contains(byte)
                if isPlain {
                    result.unicodeScalars.append(Unicode.Scalar(byte))
                } else if byte == UInt8(ascii: " ") {
                    result += "+"
                } else {
                    result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }
            return result
        },
        "md5": bytes { MessageDigest.md5.hexadecimal(of: Array($0.utf8)) },
        "sha1": bytes { MessageDigest.sha1.hexadecimal(of: Array($0.utf8)) },
        "sha256": bytes { String(Digest.of(Array($0.utf8)).description.dropFirst("sha256:".count)) },
        "sha512": bytes { MessageDigest.sha512.hexadecimal(of: Array($0.utf8)) },
        "uuidv5": Builtin(2) { call in try call.made(try uuid(call)) },
        "timestamp": Builtin(0) { call in .string(RFC3339.text(call.evaluation.environment.now)) },
        "timeadd": Builtin(2) { call in
            guard let start = RFC3339.seconds(try call.text(0)) else { throw call.error("this is no time", 0) }
            guard let seconds = DateFormat.seconds(ofDuration: try call.text(1)) else {
                throw call.error("this is no duration", 1)
            }
            return .string(RFC3339.text(start + seconds))
        },
        "formatdate": Builtin(2) { call in
            guard let format = DateFormat(try call.text(1)) else { throw call.error("this is no time", 1) }
            return try call.made(try format.text(try call.text(0), call))
        },
    ]

    private static func bytes(_ encode: @escaping @Sendable (String) -> String) -> Builtin {
        Builtin(1) { call in
            let text = try call.text(0)
            try call.evaluation.spend(text.utf8.count / 16, at: call.place)
            return try call.made(encode(text))
        }
    }

    /// RFC 9562: made of a namespace and a name, the same each time.
    private static func uuid(_ call: Call) throws -> String {
        let known = ["dns": "0", "url": "1", "oid": "2", "x500": "4"]
        let text = try call.text(0)
        let space = known[text].map { "6ba7b81\($0)-9dad-11d1-80b4-00c04fd430c8" } ?? text
        let digits = Array(space.utf8.filter { $0 != UInt8(ascii: "-") })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<min(digits.count, index + 2)], as: UTF8.self), radix: 16)
        }
        guard bytes.count == 16 else { throw call.error("`\(text)` is no namespace", 0) }
        var hash = Array(MessageDigest.sha1.hexadecimal(of: bytes + Array(try call.text(1).utf8)))
        hash[12] = "5"
        hash[16] = Array("89ab")[(hash[16].hexDigitValue ?? 0) % 4]
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hash[$0]) }.joined(separator: "-")
    }

    /// Rows as objects by the names of the first row.
    private static func csv(_ call: Call) throws -> Value {
        var rows: [[String]] = []
        for line in pieces(try call.text(0), "\n") where !line.isEmpty {
            let line = line.hasSuffix("\r") ? String(line.dropLast()) : line
            guard let fields = CommaSeparated.fields(of: line) else { throw call.error("a quote does not end", 0) }
            rows.append(fields)
        }
        guard let names = rows.first else { throw call.error("there is no row with names", 0) }
        return .list(
            try rows.dropFirst().map { row in
                guard row.count == names.count else {
                    throw call.error("a row has \(row.count) fields, not \(names.count)", 0)
                }
                return .object(Dictionary(zip(names, row.map(Value.string))) { $1 })
            })
    }
}

/// RFC 4648, with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count / 3 * 4 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= 8 * UInt32(3 - group.count)
            for index in 0..<4 {
                let isPadding = index > group.count
                result.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> (18 - 6 * UInt32(index)) & 63)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var result: [UInt8] = []
        var bits: UInt32 = 0
        for (index, digit) in digits.enumerated() {
            let value: Int
            if index >= digits.count - padding {
                value = 0
            } else {
                guard let found = alphabet.firstIndex(of: digit) else { return nil }
                value = found
            }
            bits = bits << 6 | UInt32(value)
            if index % 4 == 3 {
                result += [UInt8(bits >> 16 & 0xff), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
                bits = 0
            }
        }
        return Array(result.dropLast(padding))
    }
}
