import Linux

extension SeccompFilter {
    /// The filter of `SystemCallPolicy` for this machine.
    package static let native: SeccompFilter = {
        var verdicts: [UInt32: Verdict] = [:]
        for name in SystemCallPolicy.allowed { verdicts[name] = .allow }
        for name in SystemCallPolicy.refused { verdicts[name] = .error(ErrorNumber.notPermitted) }
        verdicts["clone"] = .check(.namespaceFlags)
        verdicts["personality"] = .check(.personality)
        verdicts["socket"] = .check(.socket)
        verdicts["socketpair"] = .check(.socket)
        return SeccompFilter(architecture: SystemCall.auditArchitecture, verdicts: verdicts)
    }()

    /// The program as the kernel takes it, in base64.
    var base64: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(instructions.count * 8)
        for instruction in instructions {
            withUnsafeBytes(of: instruction.code) { bytes += $0 }
            bytes.append(instruction.ifTrue)
            bytes.append(instruction.ifFalse)
            withUnsafeBytes(of: instruction.operand) { bytes += $0 }
        }
        return Self.base64(bytes)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt32: SeccompFilter.Verdict] {
    /// By name; calls this architecture lacks are ignored.
    fileprivate subscript(name: String) -> SeccompFilter.Verdict? {
        get { SystemCall.numbers[name].flatMap { self[$0] } }
        set { if let number = SystemCall.numbers[name] { self[number] = newValue } }
    }
}
