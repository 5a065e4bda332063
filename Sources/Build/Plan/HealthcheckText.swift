internal import Dockerfile
internal import OCI

/// HEALTHCHECK as the history has it: the words of a program written in Go, which tools compare.
enum HealthcheckText {
    static func text(of test: [String], _ timing: HealthcheckInstruction.Timing?) -> String {
        let words = test.map(quoted).joined(separator: " ")
        let durations = [timing?.interval, timing?.timeout, timing?.startPeriod, timing?.startInterval]
            .map { quoted(duration($0 ?? 0)) }.joined(separator: " ")
        return "&{[\(words)] \(durations) \(character(timing?.retries ?? 0))}"
    }

    /// `1h2m3.5s`, `250ms`; from nanoseconds.
    static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        for (unit, size) in [("ns", 1), ("µs", 1000), ("ms", 1_000_000)] as [(String, Int64)]
        where nanoseconds < size * 1000 {
            return decimal(nanoseconds, per: size) + unit
        }
        let second: Int64 = 1_000_000_000
        let (minutes, rest) = nanoseconds.quotientAndRemainder(dividingBy: 60 * second)
        let seconds = decimal(rest, per: second) + "s"
        if minutes == 0 { return seconds }
        return minutes < 60 ? "\(minutes)m\(seconds)" : "\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    private static func decimal(_ value: Int64, per unit: Int64) -> String {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
        if rest == 0 { return String(whole) }
        var digits = String(String(unit + rest).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    private static func quoted(_ text: String) -> String { JSON.string(text).lineText }

    /// A count, which the other program takes for a character.
    private static func character(_ count: Int) -> String {
        let escapes = [7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 39: "\\'", 92: "\\\\"]
        if let escape = escapes[count] { return "'\(escape)'" }
        if count < 32 || count == 127 {
            let hex = String(count, radix: 16)
            return "'\\x" + (hex.count < 2 ? "0" : "") + hex + "'"
        }
        return "'\(Unicode.Scalar(UInt32(count)).map(String.init) ?? "\u{FFFD}")'"
    }
}
