package import Archive

/// A path that cannot be walked inside its tree.
package enum PathResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    case notADirectory(EntryPath)
    case tooManyLinks(EntryPath)

    package var description: String {
        switch self {
        case .notADirectory(let path): "`/\(path)` is not a directory"
        case .tooManyLinks(let path): "too many symbolic links on the way to `/\(path)`"
        }
    }
}

extension FileTree {
    /// Where a path leads once every symbolic link is followed inside the tree.
    package struct Resolution: Hashable, Sendable {
        /// Without symbolic links, as far as it exists, and then the missing components.
        package var path: EntryPath
        /// nil if something is missing.
        package var node: NodeID?
        /// How many components of `path` exist.
        package var existingDepth: Int
    }

    /// Follows `path` from the root, which no `..` and no absolute link leaves. The last component is followed too
    /// unless `followsLast` is false. Missing components are no error.
    package func resolve(_ path: [UInt8], followsLast: Bool = true) throws(PathResolutionError) -> Resolution {
        let slash = UInt8(ascii: "/")
        // Components still to walk, the next one last.
        var pending = Array(path.split(separator: slash).reversed())
        var walked: [(name: ArraySlice<UInt8>, id: NodeID)] = []
        var missing: [ArraySlice<UInt8>] = []
        var links = 0
        func here() -> EntryPath {
            EntryPath(unchecked: Array((walked.map(\.name) + missing).joined(separator: [slash])))
        }
        while let component = pending.popLast() {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                if missing.popLast() == nil { _ = walked.popLast() }
                continue
            }
            if !missing.isEmpty {
                missing.append(component)
                continue
            }
            let parent = walked.last?.id ?? Self.root
            guard self[parent].isDirectory else { throw .notADirectory(here()) }
            guard let next = child(component, of: parent) else {
                missing.append(component)
                continue
            }
            if case .symbolicLink(let target) = self[next].kind, followsLast || !pending.isEmpty {
                links += 1
                guard links <= 40 else { throw .tooManyLinks(EntryPath(unchecked: Array(path.drop { $0 == slash }))) }
                if target.first == slash { walked = [] }
                pending.append(contentsOf: target.split(separator: slash).reversed())
                continue
            }
            walked.append((component, next))
        }
        if !missing.isEmpty, let last = walked.last, !self[last.id].isDirectory { throw .notADirectory(here()) }
        return Resolution(
            path: here(), node: missing.isEmpty ? walked.last?.id ?? Self.root : nil, existingDepth: walked.count)
    }
}
