import Dockerfile
import OCI
package import Storage

/// One `--mount` of a RUN with every word expanded.
package struct RunMount: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Writes to one that is not read-only are dropped with the step.
        case bind(Source, isReadOnly: Bool)
        case cache(Cache)
        /// Bytes; nil is half of the machine's memory.
        case tmpfs(size: UInt64?, isReadOnly: Bool)
        case secret(Secret)
        case agent(Agent)
    }

    /// What a mount shows or begins with: files among a vertex's inputs. Input 0 is what the command runs on.
    package enum Source: Hashable, Sendable {
        /// A file or directory of another stage or an image, links followed inside it.
        case tree(input: Int, path: String)
        /// The files of a context: all that the input has, at `RunMount.filesPath`.
        case files(input: Int)

        var input: Int {
            switch self {
            case .tree(let input, _), .files(let input): input
            }
        }

        var path: String {
            switch self {
            case .tree(_, let path): path
            case .files: RunMount.filesPath
            }
        }

        /// The whole input: its chain of layers names it.
        var isWhole: Bool {
            switch self {
            case .tree(_, let path): path == "/"
            case .files: true
            }
        }
    }

    package struct Cache: Hashable, Sendable {
        /// Before the name, as `BUILDKIT_CACHE_MOUNT_NS` has it.
        package var namespace: String
        package var name: String
        package var sharing: CacheMountSharing
        package var isReadOnly: Bool
        /// The directory of the cache that is shown; `/` is all of it.
        package var directory: String
        package var seed: Source?
        package var mode: UInt16?
        package var uid: UInt32?
        package var gid: UInt32?
    }

    package struct Secret: Hashable, Sendable {
        package var id: String
        package var environmentVariable: String?
        /// Whether there is a file at the target.
        package var isFile: Bool
        package var isRequired: Bool
        package var mode: UInt16
        package var uid: UInt32
        package var gid: UInt32
    }

    package struct Agent: Hashable, Sendable {
        package var id: String
        package var isRequired: Bool
        package var mode: UInt16
        package var uid: UInt32
        package var gid: UInt32
    }

    /// Absolute and cleaned.
    package var target: String
    package var kind: Kind

    /// Where a vertex made for `Source.files` has them, whether a file or a directory.
    static let filesPath = "/files"

    /// What it shows or begins with; nil if that is no file of the build.
    var source: Source? {
        switch kind {
        case .bind(let source, _): source
        case .cache(let cache): cache.seed
        case .tmpfs, .secret, .agent: nil
        }
    }

    /// What decides the command's result, `name` standing for the source's content. The values of secrets, whether
    /// they are there, and how a cache is shared are no part of it.
    func ingredients(_ name: (Source) -> JSON) -> JSON {
        switch kind {
        case .bind(let source, let isReadOnly):
            ["type": "bind", "target": .string(target), "readOnly": .bool(isReadOnly), "source": name(source)]
        case .cache(let cache):
            [
                "type": "cache", "target": .string(target), "readOnly": .bool(cache.isReadOnly),
                "id": .string(cache.name), "namespace": cache.namespace.isEmpty ? nil : .string(cache.namespace),
                "directory": cache.directory == "/" ? nil : .string(cache.directory),
                "source": cache.seed.map(name), "mode": cache.mode.map { .integer(Int64($0)) },
                "uid": cache.uid.map { .integer(Int64($0)) }, "gid": cache.gid.map { .integer(Int64($0)) },
            ]
        case .tmpfs(let size, let isReadOnly):
            [
                "type": "tmpfs", "target": .string(target), "size": size.map { .integer(Int64(clamping: $0)) },
                "readOnly": isReadOnly ? true : nil,
            ]
        case .secret(let secret):
            [
                "type": "secret", "target": secret.isFile ? .string(target) : nil, "id": .string(secret.id),
                "variable": secret.environmentVariable.map(JSON.string), "required": .bool(secret.isRequired),
                "mode": .integer(Int64(secret.mode)), "owner": .string("\(secret.uid):\(secret.gid)"),
            ]
        case .agent(let agent):
            [
                "type": "ssh", "target": .string(target), "id": .string(agent.id),
                "required": .bool(agent.isRequired), "mode": .integer(Int64(agent.mode)),
                "owner": .string("\(agent.uid):\(agent.gid)"),
            ]
        }
    }
}

extension RunMount.Source {
    /// The source as it is written: enough to tell definitions apart.
    var text: JSON {
        switch self {
        case .tree(let input, let path): .array([.integer(Int64(input)), .string(path)])
        case .files(let input): .array([.integer(Int64(input))])
        }
    }

    /// A copy that would take the same files, for those who name files by their content.
    var selection: CopyOperation { .taking(path, from: .stage, to: "/", epoch: 0) }
}

extension CopyOperation {
    /// Takes one file or directory as it is, whatever characters its name has; `place` is where the file says so.
    static func taking(
        _ path: String, from origin: Origin, to destination: String, epoch: Int64, at place: SourceRange? = nil
    ) -> CopyOperation {
        var pattern = ""
        for character in path {
            if "*?[\\".contains(character) { pattern.append("\\") }
            pattern.append(character)
        }
        var copy = CopyOperation(origin: origin, sources: [pattern], destination: destination, epoch: epoch)
        copy.places = place.map { [$0] } ?? []
        return copy
    }
}

extension SelectedFiles {
    /// As a mount shows them: with what a directory itself is.
    var mountJSON: JSON {
        guard let item = selection.items.first, selection.tree[item.node].isDirectory else { return json }
        let node = selection.tree[item.node]
        return [json, .string("directory \(String(node.mode, radix: 8)) \(node.uid):\(node.gid)")]
    }
}
