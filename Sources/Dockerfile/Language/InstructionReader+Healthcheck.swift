extension InstructionReader {
    mutating func healthcheck(_ node: InstructionNode, _ flags: FlagSet) -> Instruction? {
        guard let kind = node.arguments.first else {
            report("HEALTHCHECK needs CMD or NONE", at: node.spelling.range)
            return nil
        }
        let rest = node.arguments.dropFirst()
        switch kind.text.uppercased() {
        case "NONE":
            if let extra = rest.first { report("HEALTHCHECK NONE takes no arguments", at: extra.range) }
            return .healthcheck(.none)
        case "CMD":
            if rest.isEmpty { report("HEALTHCHECK CMD needs a command", at: kind.range) }
            return .healthcheck(.command(form(node, rest), timing(flags)))
        default:
            report(
                "unknown kind of health check `\(kind.text)`", at: kind.range,
                hint: Suggestion.hint(for: kind.text, among: ["CMD", "NONE"]) ?? "write HEALTHCHECK CMD command")
            return nil
        }
    }

    private mutating func timing(_ flags: FlagSet) -> HealthcheckInstruction.Timing {
        var timing = HealthcheckInstruction.Timing()
        timing.interval = duration(flags.value("interval"))
        timing.timeout = duration(flags.value("timeout"))
        timing.startPeriod = duration(flags.value("start-period"))
        timing.startInterval = duration(flags.value("start-interval"))
        if let flag = flags.value("retries"), !flag.text.isEmpty {
            if let retries = Int(flag.text), (0...Int(Int32.max)).contains(retries) {
                timing.retries = retries
            } else {
                report("--retries needs a number of at least 0", at: flag.range)
            }
        }
        return timing
    }

    private mutating func duration(_ flag: FlagValue?) -> Int64 {
        guard let flag, !flag.text.isEmpty else { return 0 }
        guard let nanoseconds = GoDuration.nanoseconds(flag.text) else {
            report("invalid duration `\(flag.text)`", at: flag.range, hint: "write for instance 30s or 1m30s")
            return 0
        }
        if nanoseconds != 0, nanoseconds < 1_000_000 {
            report("the duration `\(flag.text)` is shorter than 1ms", at: flag.range)
        }
        return nanoseconds
    }
}

/// Durations as Go writes them: `1h30m`, `1.5s`, `300ms`.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard digits != ".", let number = Double(digits.hasPrefix(".") ? "0\(digits)" : String(digits)) else {
                return nil
            }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            total += number * unit.nanoseconds
        }
        guard total < 9.2e18 else { return nil }
        return Int64(isNegative ? -total : total)
    }
}
