/// A word of EXPOSE after expansion: `port[-last][/protocol]`, also behind `host:` parts, which only publishing uses.
package struct PortRange: Hashable, Sendable {
    package let ports: ClosedRange<UInt16>
    /// Lower case: `tcp`, `udp` or `sctp`.
    package let transport: String

    /// Every port as the image configuration writes it: `80/tcp`.
    package var exposed: [String] { ports.map { "\($0)/\(transport)" } }

    private static let transports = ["tcp", "udp", "sctp"]

    package enum ParseError: Error, Hashable, Sendable {
        case invalidPort(String)
        case unknownProtocol(String)

        package var hint: String {
            if case .unknownProtocol(let name) = self, let hint = Suggestion.hint(for: name, among: transports) {
                return hint
            }
            return "write for instance 8080 or 53/udp"
        }

        package var message: String {
            switch self {
            case .invalidPort(let text): "invalid port `\(text)`"
            case .unknownProtocol(let name): "unknown protocol `\(name)`"
            }
        }
    }

    package static func parse(_ text: String) throws(ParseError) -> PortRange {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        // Nothing behind the slash, as of `80/$PROTOCOL`, is as no slash.
        let transport = parts.count > 1 && !parts[1].isEmpty ? parts[1].lowercased() : "tcp"
        guard transports.contains(transport) else { throw .unknownProtocol(transport) }
        // In `address:host:container` only the container's side counts.
        let container = parts[0].split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        let bounds = container.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { port($0) }
        guard let first = bounds[0], let last = bounds[bounds.count - 1], first <= last else {
            throw .invalidPort(text)
        }
        return PortRange(ports: first...last, transport: transport)
    }

    private static func port(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy(\.isASCIIDigit) ? UInt16(text) : nil
    }
}
