internal import CLinux

/// System calls as this architecture numbers them.
package enum SystemCall {
    /// Numbers by name.
    package static let numbers: [String: UInt32] = {
        var numbers: [String: UInt32] = [:]
        for index in 0..<caisson_system_call_count() {
            var number: CInt = 0
            guard let name = caisson_system_call(index, &number) else { continue }
            numbers[String(cString: name)] = UInt32(number)
        }
        return numbers
    }()

    /// AUDIT_ARCH_*: what a seccomp filter sees as the architecture of a native call.
    package static var auditArchitecture: UInt32 { caisson_audit_architecture() }
}
