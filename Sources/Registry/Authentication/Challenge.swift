/// What a registry asks for in `WWW-Authenticate` (RFC 9110 §11.6.1, distribution's token specification).
enum Challenge: Hashable, Sendable {
    case basic
    case bearer(realm: String, service: String?, scopes: [String])

    /// The challenge to answer among `fields`, the header's values: bearer before basic.
    init?(_ fields: [String]) {
        let challenges = fields.flatMap(Self.parse)
        guard let chosen = challenges.first(where: { if case .bearer = $0 { true } else { false } }) ?? challenges.first
        else { return nil }
        self = chosen
    }

    private static func parse(_ field: String) -> [Challenge] {
        var scanner = ChallengeScanner(field)
        return scanner.challenges().compactMap { scheme, parameters in
            switch scheme {
            case "basic": .basic
            case "bearer":
                parameters["realm"].map { realm in
                    .bearer(
                        realm: realm, service: parameters["service"],
                        scopes: (parameters["scope"] ?? "").split(separator: " ").map(String.init))
                }
            default: nil
            }
        }
    }
}

/// `scheme name=value, name="quoted value", scheme …`
private struct ChallengeScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text.prefix(8192)).utf8 }

    mutating func challenges() -> [(scheme: String, parameters: [String: String])] {
        var found: [(scheme: String, parameters: [String: String])] = []
        skip(" ,\t")
        while let word = token() {
            skip(" \t")
            if rest.first == UInt8(ascii: "="), !found.isEmpty {
                rest.removeFirst()
                skip(" \t")
                guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : token() else { return found }
                let name = word.lowercased()
                if found[found.count - 1].parameters[name] == nil { found[found.count - 1].parameters[name] = value }
            } else {
                found.append((word.lowercased(), [:]))
            }
            skip(" ,\t")
        }
        return found
    }

    private mutating func skip(_ characters: StaticString) {
        let set = "\(characters)".utf8
        while let byte = rest.first, set.contains(byte) { rest.removeFirst() }
    }

    private mutating func token() -> String? {
        let word = rest.prefix { $0 > 0x20 && !"=,\"".utf8.contains($0) }
        guard !word.isEmpty else { return nil }
        rest = rest[word.endIndex...]
        return String(decoding: word, as: UTF8.self)
    }

    private mutating func quoted() -> String? {
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"): if let escaped = rest.popFirst() { value.append(escaped) }
            default: value.append(byte)
            }
        }
        return nil
    }
}
