/// A number: exact while it is a whole one of 64 bits.
package enum Number: Hashable, Sendable {
    case whole(Int)
    case real(Double)

    init(_ value: Int) { self = .whole(value) }

    /// nil for what is no finite number.
    init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self = Int(exactly: value).map(Number.whole) ?? .real(value)
    }

    /// Decimal, without white space around it.
    init?(_ text: String) {
        if let value = Int(text) {
            self = .whole(value)
            return
        }
        let known = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        guard known, let value = Double(text), let number = Number(value) else { return nil }
        self = number
    }

    var double: Double {
        switch self {
        case .whole(let value): Double(value)
        case .real(let value): value
        }
    }

    /// nil for a fraction, or what is too large.
    var int: Int? {
        if case .whole(let value) = self { return value }
        return nil
    }

    /// As decimal digits, without exponent.
    package var description: String {
        switch self {
        case .whole(let value): return String(value)
        case .real(let value):
            let text = "\(value)"
            guard let exponent = text.firstIndex(where: { $0 == "e" || $0 == "E" }) else {
                return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
            }
            return Self.expanded(
                mantissa: text[..<exponent], exponent: Int(text[text.index(after: exponent)...]) ?? 0)
        }
    }

    private static func expanded(mantissa: Substring, exponent: Int) -> String {
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let digits = String(parts[0]) + fraction
        let point = parts[0].count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    static func < (a: Number, b: Number) -> Bool {
        if case .whole(let a) = a, case .whole(let b) = b { return a < b }
        return a.double < b.double
    }

    /// The exact operation where both are whole and the result is one, else that of floating point.
    static func combine(
        _ a: Number, _ b: Number, _ exact: (Int, Int) -> (Int, overflow: Bool), _ rounded: (Double, Double) -> Double
    ) -> Number? {
        if case .whole(let a) = a, case .whole(let b) = b {
            let (result, overflow) = exact(a, b)
            if !overflow { return .whole(result) }
        }
        return Number(rounded(a.double, b.double))
    }
}
