internal import CCrypto

/// The list of a work tree's files (gitformat-index, version 2) without anything of the machine they lie on: git finds
/// by their content that they are unchanged.
package enum GitIndex {
    /// `tree` is all of the commit's.
    package static func file(of tree: GitTree) -> [UInt8] {
        let entries = tree.entries.filter { $0.kind != .directory }
            .sorted { $0.path.lexicographicallyPrecedes($1.path) }
        var file: [UInt8] = Array("DIRC".utf8)
        append(2, to: &file)
        append(UInt32(entries.count), to: &file)
        for entry in entries {
            let start = file.count
            // Times, device, inode.
            for _ in 0..<6 { append(0, to: &file) }
            append(mode(of: entry.kind), to: &file)
            // Owner, group, size.
            for _ in 0..<3 { append(0, to: &file) }
            file += entry.id.bytes
            let length = UInt16(min(entry.path.count, 0xFFF))
            file += [UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
            file += entry.path
            let padding = 8 - (file.count - start) % 8
            file += [UInt8](repeating: 0, count: padding)
        }
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Digest(file, file.count, &digest, nil, EVP_sha1(), nil)
        return file + digest
    }

    private static func mode(of kind: GitTree.Kind) -> UInt32 {
        switch kind {
        case .file: 0o100644
        case .executable: 0o100755
        case .symbolicLink: 0o120000
        case .directory: 0o040000
        case .submodule: 0o160000
        }
    }

    private static func append(_ value: UInt32, to file: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] { file.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
