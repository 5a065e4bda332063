// The letters of `formatdate`: https://pkg.go.dev/github.com/zclconf/go-cty/cty/function/stdlib#FormatDate

import OCI

/// A time of RFC 3339, to be written in another form.
struct DateFormat {
    private let seconds: Int64
    private let fields: [Int]
    /// `Z` or `+01:00`.
    private let zone: String

    init?(_ text: String) {
        guard let seconds = RFC3339.seconds(text) else { return nil }
        self.seconds = seconds
        let separators: Set<Character> = ["-", ":", "T", "t"]
        fields = text.prefix(19).split { separators.contains($0) }.compactMap { Int($0) }
        guard fields.count == 6 else { return nil }
        zone = text.last == "Z" || text.last == "z" ? "Z" : String(text.suffix(6))
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    func text(_ format: String, _ call: Call) throws -> String {
        var result = ""
        var rest = format[...]
        while let first = rest.first {
            if first == "'" {
                result += try Self.quoted(&rest, call)
            } else if first.isASCII, first.isLetter {
                let letters = rest.prefix { $0 == first }
                rest = rest[letters.endIndex...]
                guard let text = field(first, letters.count) else {
                    throw call.error("unknown letters `\(letters)`; text stands in ' quotes", 0)
                }
                result += text
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    private static func quoted(_ rest: inout Substring, _ call: Call) throws -> String {
        rest.removeFirst()
        var text = ""
        while let character = rest.popFirst() {
            if character != "'" {
                text.append(character)
            } else if rest.first == "'" {
                text.append(rest.removeFirst())
            } else {
                return text
            }
        }
        throw call.error("a quote does not end", 0)
    }

    private func field(_ letter: Character, _ count: Int) -> String? {
        func number(_ value: Int) -> String? {
            count > 2 ? nil : count == 2 && value < 10 ? "0\(value)" : String(value)
        }
        let hour = fields[3]
        switch (letter, count) {
        case ("Y", 4):
            let year = String(fields[0])
            return String(repeating: "0", count: max(0, 4 - year.count)) + year
        case ("Y", 2): return fields[0] % 100 < 10 ? "0\(fields[0] % 100)" : String(fields[0] % 100)
        case ("M", 4): return Self.months[fields[1] - 1]
        case ("M", 3): return String(Self.months[fields[1] - 1].prefix(3))
        case ("M", _): return number(fields[1])
        case ("D", _): return number(fields[2])
        case ("E", 4), ("E", 3):
            let local = seconds + offset
            let day = ((local >= 0 ? local / 86400 : -((86399 - local) / 86400)) + 4) % 7
            let name = Self.days[Int((day + 7) % 7)]
            return count == 4 ? name : String(name.prefix(3))
        case ("h", _): return number(hour)
        case ("H", _): return number((hour + 11) % 12 + 1)
        case ("A", 2): return hour < 12 ? "AM" : "PM"
        case ("a", 2): return hour < 12 ? "am" : "pm"
        case ("m", _): return number(fields[4])
        case ("s", _): return number(fields[5])
        case ("Z", 1): return zone == "+00:00" ? "Z" : zone
        case ("Z", 3): return isUTC ? "UTC" : numericZone
        case ("Z", 4): return numericZone
        case ("Z", 5): return isUTC ? "+00:00" : zone
        default: return nil
        }
    }

    private var isUTC: Bool { zone == "Z" || zone == "+00:00" }
    private var numericZone: String { isUTC ? "+0000" : String(zone.filter { $0 != ":" }) }

    private var offset: Int64 {
        guard !isUTC, let hours = Int64(zone.dropFirst().prefix(2)), let minutes = Int64(zone.suffix(2)) else {
            return 0
        }
        return (hours * 3600 + minutes * 60) * (zone.hasPrefix("-") ? -1 : 1)
    }

    /// `-1h30m`, in whole seconds.
    static func seconds(ofDuration text: String) -> Int64? {
        let sign: Double = text.hasPrefix("-") ? -1 : 1
        var rest = text.drop { $0 == "-" || $0 == "+" }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest[digits.endIndex...].prefix { $0.isLetter }
            guard let value = Double(digits) else { return nil }
            switch unit {
            case "h": total += value * 3600
            case "m": total += value * 60
            case "s": total += value
            case "ms": total += value / 1000
            default: return nil
            }
            rest = rest[unit.endIndex...]
        }
        guard total < 1e12 else { return nil }
        return Int64(total * sign)
    }
}
