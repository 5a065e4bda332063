import Archive
import Glibc
import Linux
import OCI
import Storage

/// A directory tree as one line for each path: everything a layer says about a file. Two trees are equal if their
/// descriptions are.
struct TreeDescription: Hashable, CustomStringConvertible {
    var lines: [[UInt8]: String] = [:]

    var description: String { lines.values.sorted().joined(separator: "\n") }

    /// `shift` is taken from every owner; times of directories are left out unless `directoryTimes`.
    init(of root: CInt, shift: UInt32 = 0, directoryTimes: Bool = false, times: Bool = true) throws {
        var names: [UInt64: [UInt8]] = [:]
        try visit(root, [], shift, directoryTimes, times, &names)
    }

    /// What the lines of `a` have and those of `b` do not, and the reverse.
    static func difference(_ a: TreeDescription, _ b: TreeDescription) -> [String] {
        a.lines.filter { b.lines[$0.key] != $0.value }.map { "- \($0.value)" }.sorted()
            + b.lines.filter { a.lines[$0.key] != $0.value }.map { "+ \($0.value)" }.sorted()
    }

    private mutating func visit(
        _ directory: CInt, _ path: [UInt8], _ shift: UInt32, _ directoryTimes: Bool, _ times: Bool,
        _ names: inout [UInt64: [UInt8]]
    ) throws {
        for name in try DirectoryListing.names(in: directory).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let status = try FileStatus.of(name, in: directory)
            let below = path.isEmpty ? name : path + [0x2f] + name
            var fields = [
                "\(status.kind)", String(status.mode, radix: 8), "\(status.uid &- shift):\(status.gid &- shift)",
            ]
            if times, status.kind != .directory || directoryTimes {
                fields.append("\(status.modifiedSeconds).\(status.modifiedNanoseconds)")
            }
            switch status.kind {
            case .file:
                fields.append("\(status.size)")
                fields.append(try content(of: name, in: directory).short)
            case .symbolicLink: fields.append(text(try DirectoryListing.linkTarget(of: name, in: directory)))
            case .characterDevice, .blockDevice: fields.append("\(status.deviceNumber)")
            default: break
            }
            if status.kind != .directory, status.links > 1 {
                if let first = names[status.inode &+ status.device << 40] {
                    fields.append("= \(text(first))")
                } else {
                    names[status.inode &+ status.device << 40] = below
                }
            }
            for attribute in try ExtendedAttributes.names(of: name, in: directory).sorted(by: { text($0) < text($1) })
            where attribute.starts(with: "user.".utf8) || attribute.elementsEqual("security.capability".utf8) {
                let value = try ExtendedAttributes.value(of: attribute, of: name, in: directory)
                fields.append("\(text(attribute))=\(Digest.of(value).short)")
            }
            lines[below] = text(below) + " " + fields.joined(separator: " ")
            if status.kind == .directory {
                let child = try OwnedDescriptor.open(name, in: directory, flags: O_RDONLY | O_DIRECTORY)
                try visit(child.rawValue, below, shift, directoryTimes, times, &names)
            }
        }
    }

    private func content(of name: [UInt8], in directory: CInt) throws -> Digest {
        let file = try OwnedDescriptor.open(name, in: directory)
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            if count == 0 { return hasher.finish() }
            hasher.update(buffer[..<count])
            offset += Int64(count)
        }
    }

    private func text(_ bytes: [UInt8]) -> String {
        bytes.map { $0 > 0x20 && $0 < 0x7f ? String(UnicodeScalar($0)) : "\\" + String($0, radix: 16) }.joined()
    }
}
