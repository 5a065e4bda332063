/// The value of STOPSIGNAL: a signal's number or its name with or without `SIG`.
package enum StopSignal {
    private static let names: Set<String> = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
        "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
    ]

    /// What to write instead of a signal that does not exist.
    package static func hint(for text: String) -> String {
        let name = text.uppercased()
        guard name.utf8.contains(where: \.isASCIILetter) else { return "write for instance SIGTERM or 15" }
        return Suggestion.hint(
            for: name.hasPrefix("SIG") ? name : "SIG" + name, among: names.sorted().map { "SIG" + $0 })
            ?? "write for instance SIGTERM"
    }

    package static func isValid(_ text: String) -> Bool {
        if text.utf8.allSatisfy(\.isASCIIDigit) { return Int(text).map { (1...64).contains($0) } ?? false }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if names.contains(name) { return true }
        for (prefix, limit) in [("RTMIN+", 15), ("RTMAX-", 14)] where name.hasPrefix(prefix) {
            return Int(name.dropFirst(6)).map { (1...limit).contains($0) } ?? false
        }
        return false
    }
}
