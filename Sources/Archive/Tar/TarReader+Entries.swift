extension TarReader {
    mutating func readEntry(
        _ fields: HeaderFields, _ rawName: [UInt8], _ header: ExtendedHeader, longLink: [UInt8]?
    ) throws(ArchiveError) {
        guard entries.count < limits.entries else {
            throw ArchiveError(.limit, "the archive has more than \(limits.entries) entries")
        }
        let claimed = try number(header.size, or: fields, Tar.Field.size, "size")
        guard claimed >= 0 else { throw ArchiveError(.corrupt, "its size \(claimed) is negative") }
        guard claimed <= Int64.max - position - 1024 else {
            throw ArchiveError(.corrupt, "its size \(claimed) is larger than any file")
        }
        var entry = TarEntry(path: .root, kind: .directory, mode: 0)
        entry.mode = UInt16(truncatingIfNeeded: try number(nil, or: fields, Tar.Field.mode, "mode") & 0o7777)
        entry.uid = try owner(number(header.uid ?? global.uid, or: fields, Tar.Field.uid, "owner"), "owner")
        entry.gid = try owner(number(header.gid ?? global.gid, or: fields, Tar.Field.gid, "group"), "group")
        if let modified = header.modified ?? global.modified {
            entry.modified = modified
        } else {
            entry.modified = Timestamp(seconds: try number(nil, or: fields, Tar.Field.modified, "time"))
        }
        entry.attributes = try attributes(of: header)

        let linkName = header.linkPath ?? longLink ?? Array(fields.text(Tar.Field.linkName))
        var isSparse = false
        switch fields.type {
        case Tar.TypeFlag.oldFile, Tar.TypeFlag.file, Tar.TypeFlag.contiguousFile:
            // Before there were directory entries, a slash at the end said it.
            let isDirectory = rawName.last == UInt8(ascii: "/") && header.sparse == nil
            guard !isDirectory || claimed == 0 else { throw ArchiveError(.unsupported, "is a directory with content") }
            entry.kind = isDirectory ? .directory : .file(size: claimed, offset: position, segments: nil)
            isSparse = header.sparse != nil
        case Tar.TypeFlag.gnuSparse:
            entry.kind = .file(size: claimed, offset: position, segments: nil)
            isSparse = true
        case Tar.TypeFlag.directory: break
        case Tar.TypeFlag.fifo: entry.kind = .fifo
        case Tar.TypeFlag.symbolicLink:
            guard !linkName.isEmpty, linkName.count <= limits.path else {
                throw ArchiveError(.limit, "its target has \(linkName.count) bytes")
            }
            entry.kind = .symbolicLink(linkName)
        case Tar.TypeFlag.hardLink: entry.kind = .hardLink(try path(linkName))
        case Tar.TypeFlag.characterDevice, Tar.TypeFlag.blockDevice: entry.kind = try device(fields)
        default:
            throw ArchiveError(.unsupported, "has the unknown type `\(ArchiveText.quoted([fields.type]))`")
        }
        entry.path = try path(rawName, of: entry.kind)
        if case .hardLink(let target) = entry.kind { try checkLink(to: target, from: entry.path) }

        guard case .file = entry.kind else {
            entries.append(entry)
            return
        }
        skipped = Tar.padded(claimed)
        if isSparse {
            try beginSparse(fields, header.sparse, Draft(entry: entry, size: claimed, storedSize: claimed))
        } else {
            entries.append(entry)
        }
    }

    private func number(
        _ record: Int64?, or fields: HeaderFields, _ field: Range<Int>, _ what: String
    ) throws(ArchiveError) -> Int64 {
        if let record { return record }
        guard let number = fields.number(field) else { throw ArchiveError(.corrupt, "its \(what) is no number") }
        return number
    }

    /// The last id means "no change" to chown(2): nobody can have it.
    private func owner(_ id: Int64, _ what: String) throws(ArchiveError) -> UInt32 {
        guard id >= 0, id < UInt32.max else { throw ArchiveError(.unsafe, "its \(what) \(id) is out of range") }
        return UInt32(id)
    }

    private func attributes(of header: ExtendedHeader) throws(ArchiveError) -> [ExtendedAttribute] {
        if header.attributes.isEmpty, global.attributes.isEmpty { return [] }
        let all = global.attributes.merging(header.attributes) { $1 }
        guard all.reduce(0, { $0 + $1.key.count + $1.value.count + 8 }) <= limits.attributes else {
            throw ArchiveError(.limit, "its extended attributes have more than \(limits.attributes) bytes")
        }
        return all.map { ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func device(_ fields: HeaderFields) throws(ArchiveError) -> TarEntry.Kind {
        let major = try number(nil, or: fields, Tar.Field.deviceMajor, "device number")
        let minor = try number(nil, or: fields, Tar.Field.deviceMinor, "device number")
        guard 0..<(1 << 12) ~= major, 0..<(1 << 20) ~= minor else {
            throw ArchiveError(.unsafe, "its device number \(major):\(minor) is out of range")
        }
        if fields.type == Tar.TypeFlag.blockDevice {
            return .blockDevice(major: UInt32(major), minor: UInt32(minor))
        }
        guard (major, minor) != (0, 0) else {
            throw ArchiveError(.unsafe, "is a 0:0 character device, which means a deletion to overlayfs")
        }
        return .characterDevice(major: UInt32(major), minor: UInt32(minor))
    }

    // MARK: Names

    private func path(_ name: [UInt8]) throws(ArchiveError) -> EntryPath {
        guard let path = EntryPath(name) else {
            throw ArchiveError(.unsafe, "`\(ArchiveText.quoted(name))` leads out of the archive")
        }
        guard path.bytes.count <= limits.path, path.longestComponent <= limits.component else {
            throw ArchiveError(.limit, "its name is longer than a file system allows")
        }
        return path
    }

    /// Only a directory may be named by `.`, with a slash at the end, or as the root.
    private func path(_ name: [UInt8], of kind: TarEntry.Kind) throws(ArchiveError) -> EntryPath {
        let path = try path(name)
        if kind == .directory { return path }
        guard !path.isRoot, let last = name.last, last != UInt8(ascii: "/"),
            last != UInt8(ascii: ".") || path.bytes.last == UInt8(ascii: ".")
        else { throw ArchiveError(.unsafe, "is named like a directory but is none") }
        return path
    }

    private mutating func checkLink(to target: EntryPath, from path: EntryPath) throws(ArchiveError) {
        while namedEntries < entries.count {
            names[entries[namedEntries].path] = entries[namedEntries].isDirectory
            namedEntries += 1
        }
        guard target != path, let isDirectory = names[target] else {
            throw ArchiveError(
                .unsafe,
                "is a hard link to `\(ArchiveText.quoted(target.bytes))`, which is no earlier entry of the archive")
        }
        guard !isDirectory else {
            throw ArchiveError(.unsafe, "is a hard link to the directory `\(ArchiveText.quoted(target.bytes))`")
        }
    }
}
