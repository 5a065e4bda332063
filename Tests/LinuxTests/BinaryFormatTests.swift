import Foundation
import Linux
import SystemPackage
import Testing

/// Files of binfmt_misc as the kernel prints them.
struct BinaryFormatTests {
    private static let arm64 = """
        enabled
        interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
        flags: POCF
        offset 0
        magic 7f454c460201010000000000000000000200b700
        mask ffffffffffffff00fffffffffffffffffeffffff

        """
    private static let header: [UInt8] =
        [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, 0xb7, 0]

    @Test func formatMatchesWhatItsMaskLeaves() throws {
        let format = try #require(BinaryFormat(parsing: Self.arm64))
        #expect(format.interpreter == "/usr/libexec/qemu-binfmt/aarch64-binfmt-P")
        #expect(format.isOpen)
        #expect(format.matches(Self.header))
        var shared = Self.header
        shared[16] = 3
        #expect(format.matches(shared), "a position-independent executable")
        var other = Self.header
        other[18] = 0x3e
        #expect(!format.matches(other))
        #expect(!format.matches(Array(Self.header.dropLast())))
    }

    @Test(arguments: [
        ("disabled", arm64.replacingOccurrences(of: "enabled", with: "disabled")),
        ("told by an extension", "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n"),
        ("without interpreter", "enabled\nflags: F\noffset 0\nmagic 7f45\n"),
        ("with an odd magic", "enabled\ninterpreter /x\nflags: F\noffset 0\nmagic 7f4\n"),
        ("with a short mask", "enabled\ninterpreter /x\nflags: F\noffset 0\nmagic 7f45\nmask ff\n"), ("empty", ""),
    ])
    func formatThatCannotBeUsedIsNone(_ what: String, _ text: String) {
        #expect(BinaryFormat(parsing: text) == nil)
    }

    @Test func directoryWithoutFormatsHasNone() {
        #expect(BinaryFormat.registered(in: "/nonexistent").isEmpty)
    }

    @Test func interpreterThatIsFoundByPathIsNotOpen() throws {
        let format = try #require(
            BinaryFormat(parsing: Self.arm64.replacingOccurrences(of: "POCF", with: "POC")))
        #expect(!format.isOpen)
    }
}
