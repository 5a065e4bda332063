package import SystemPackage

/// A kind of executable that the kernel starts through an interpreter, as binfmt_misc lists it (the kernel's
/// admin-guide/binfmt-misc.rst). Emulators of other CPUs are registered this way.
package struct BinaryFormat: Hashable, Sendable {
    package let interpreter: String
    /// The interpreter was opened when it was registered (`F`): it works where its path is not, as in a container.
    package let isOpen: Bool
    let offset: Int
    let magic: [UInt8]
    let mask: [UInt8]

    package static let directory: FilePath = "/proc/sys/fs/binfmt_misc"

    /// The enabled formats that are told by magic bytes. None where the kernel has no binfmt_misc or it is not mounted.
    package static func registered(in directory: FilePath = directory) -> [BinaryFormat] {
        guard let opened = try? OwnedDescriptor.open(directory, flags: OpenFlags.directory),
            let names = try? DirectoryListing.names(in: opened.rawValue)
        else { return [] }
        return names.compactMap { name in
            let text = String(decoding: name, as: UTF8.self)
            guard text != "register", text != "status",
                let bytes = try? FileContents.read(directory.appending(text), limit: 64 << 10)
            else { return nil }
            return BinaryFormat(parsing: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Reads the file of one format; nil for one that is disabled or told by its file name's extension.
    package init?(parsing text: String) {
        var fields: [Substring: Substring] = [:]
        var lines = text.split(separator: "\n")
        guard lines.first == "enabled" else { return nil }
        lines.removeFirst()
        for line in lines {
            guard let space = line.firstIndex(of: " ") else { continue }
            fields[line[..<space]] = line[line.index(after: space)...]
        }
        guard let interpreter = fields["interpreter"], let magic = fields["magic"].flatMap(Self.bytes) else {
            return nil
        }
        self.interpreter = String(interpreter)
        self.magic = magic
        isOpen = fields["flags:"]?.contains("F") ?? false
        offset = fields["offset"].flatMap { Int($0) } ?? 0
        mask = fields["mask"].flatMap(Self.bytes) ?? [UInt8](repeating: 0xff, count: magic.count)
        guard mask.count == magic.count, offset >= 0 else { return nil }
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// Whether files that begin with `header` are started this way.
    package func matches(_ header: [UInt8]) -> Bool {
        guard header.count >= offset + magic.count else { return false }
        for index in magic.indices where (header[offset + index] ^ magic[index]) & mask[index] != 0 { return false }
        return true
    }
}
