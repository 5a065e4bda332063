internal import Archive

/// The bottom of every stack that is written to: the places things are mounted on. They exist without a step having
/// made them, so they are in no step's changes. What a layer has under these names stands above them.
package enum MountStubs {
    package static let directories = ["dev", "etc", "proc", "sys"]
    package static let files = ["etc/hostname", "etc/hosts", "etc/resolv.conf"]

    static func write(to writer: inout LayerWriter) throws {
        let entries =
            directories.map { ($0, TarEntry.Kind.directory, UInt16(0o755)) }
            + files.map { ($0, .file(size: 0, offset: 0, segments: nil), 0o644) }
        for (path, kind, mode) in entries.sorted(by: { $0.0 < $1.0 }) {
            try writer.append(TarEntry(path: EntryPath(unchecked: Array(path.utf8)), kind: kind, mode: mode))
        }
    }
}
