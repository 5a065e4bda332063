package import Linux
import OCI

/// Programs of other CPUs: they run where the kernel has an emulator for them.
package enum ForeignPlatform {
    /// Word size in bits, byte order and machine number of ELF files, by the architecture's name in image configurations.
    private static let machines: [(architecture: String, bits: UInt8, isBigEndian: Bool, number: UInt16)] = [
        ("amd64", 64, false, 62), ("386", 32, false, 3), ("arm64", 64, false, 183), ("arm", 32, false, 40),
        ("ppc64le", 64, false, 21), ("s390x", 64, true, 22), ("riscv64", 64, false, 243),
        ("mips64le", 64, false, 8), ("loong64", 64, false, 258),
    ]

    /// The architectures besides this host's own whose programs `formats` can start in a sandbox.
    package static func architectures(_ formats: [BinaryFormat] = BinaryFormat.registered()) -> [String] {
        machines.map(\.architecture).filter { $0 != Platform.current.architecture && refusal($0, formats) == nil }
    }

    /// Why steps for `platform` cannot run here; nil if they can.
    static func refusal(
        of platform: Platform, formats: @autoclosure () -> [BinaryFormat] = BinaryFormat.registered()
    ) -> (message: String, hint: String)? {
        if platform.os != "linux" {
            return ("steps for `\(platform)` cannot run on Linux", "build it without RUN, or on such a host")
        }
        if platform.architecture == Platform.current.architecture { return nil }
        guard let reason = refusal(platform.architecture, formats()) else { return nil }
        return ("this host cannot run programs for `\(platform)`: \(reason)", remedy(platform.architecture))
    }

    private static func remedy(_ architecture: String) -> String {
        "install an emulator (Debian: qemu-user-static) or build what runs in a stage with "
            + "`FROM --platform=$BUILDPLATFORM`; `caisson doctor` lists what this host runs"
    }

    private static func refusal(_ architecture: String, _ formats: [BinaryFormat]) -> String? {
        guard let header = header(of: architecture) else { return "the architecture is unknown" }
        guard let format = formats.first(where: { $0.matches(header) }) else { return "no emulator is registered" }
        if !format.isOpen {
            return "its emulator `\(format.interpreter)` is registered without the flag F, so sandboxes do not see it"
        }
        return nil
    }

    /// How a program of the architecture begins.
    static func header(of architecture: String) -> [UInt8]? {
        guard let machine = machines.first(where: { $0.architecture == architecture }) else { return nil }
        let number = [UInt8(machine.number & 0xff), UInt8(machine.number >> 8)]
        let type: [UInt8] = [2, 0]
        let identity: [UInt8] =
            [0x7f, 0x45, 0x4c, 0x46, machine.bits / 32, machine.isBigEndian ? 2 : 1, 1]
            + [UInt8](repeating: 0, count: 9)
        return identity + (machine.isBigEndian ? type.reversed() + number.reversed() : type + number)
    }
}
