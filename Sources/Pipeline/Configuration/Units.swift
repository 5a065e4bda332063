/// A number of bytes, written `512MiB`.
package struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: Int64

    package init(bytes: Int64) { self.bytes = bytes }

    package static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }

    private static let units: [(suffix: String, size: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// A whole number above zero directly followed by `KiB`, `MiB`, `GiB` or `TiB`.
    package init?(configured text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }),
            let count = wholeNumber(text.dropLast(unit.suffix.count)), count > 0
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.size)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        let unit = Self.units.last { bytes % $0.size == 0 && bytes >= $0.size }
        return unit.map { "\(bytes / $0.size)\($0.suffix)" } ?? "\(bytes)B"
    }
}

extension Duration {
    private static let units: [(suffix: String, seconds: Int64)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]

    /// A whole number above zero directly followed by `s`, `m`, `h` or `d`.
    package init?(configured text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }),
            let count = wholeNumber(text.dropLast()), count > 0
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
        guard !overflow else { return nil }
        self = .seconds(seconds)
    }

    /// The duration as a configuration file writes it, to the second.
    package var configured: String {
        let seconds = components.seconds
        let unit = Self.units.last { seconds % $0.seconds == 0 && seconds >= $0.seconds } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.suffix)"
    }
}

/// Decimal digits only: `Int64(_:)` alone would take a sign.
private func wholeNumber(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
}
