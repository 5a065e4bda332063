import Linux
package import OCI
package import SystemPackage

/// An OCI image layout, a directory of blobs with an index of names (image-spec 1.1, image-layout.md).
///
/// Names are tags (`org.opencontainers.image.ref.name`); the repository of a reference plays no part. Whatever the
/// directory holds, nothing outside it is read or written. Whoever `create`s one has it for
/// writing alone.
package actor OCILayout: ImageSource, ImageDestination {
    private static let largestDocument = 8 << 20
    private static let nameAnnotation = "org.opencontainers.image.ref.name"
    private static let versionDocument: JSON = ["imageLayoutVersion": "1.0.0"]

    private let path: FilePath
    private let files: LayoutFiles
    private nonisolated let thread: BlockingThread

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(_ path: FilePath, _ files: LayoutFiles, _ thread: BlockingThread) {
        self.path = path
        self.files = files
        self.thread = thread
    }

    /// Opens the layout in the directory `path`.
    package static func open(_ path: FilePath) async throws -> OCILayout {
        let thread = BlockingThread(label: "oci-layout")
        let files = try await thread.run {
            let files = try LayoutFiles(path, creating: false)
            let version: JSON
            do { version = try JSON(parsing: try files.read("oci-layout", limit: 1 << 16)) } catch {
                throw OCIError(.invalidDocument, "`\(path)` is not an OCI image layout: \(error)")
            }
            guard version["imageLayoutVersion"]?.stringValue?.hasPrefix("1.") == true else {
                throw OCIError(.invalidDocument, "`\(path)` is an OCI image layout of another version than 1")
            }
            return files
        }
        return OCILayout(path, files, thread)
    }

    /// Opens the layout in `path`, made if there is none. Waits for whoever else writes it: what
    /// one adds, the other would take for unlisted.
    package static func create(_ path: FilePath) async throws -> OCILayout {
        let thread = BlockingThread(label: "oci-layout")
        let files = try await thread.run { try LayoutFiles(path, creating: true) }
        var pause = Duration.milliseconds(1)
        while try !files.lock() {
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
        try await thread.run {
            if try !files.exists("oci-layout") {
                try files.write(ImageIndex(manifests: []).canonicalBytes, as: "index.json")
                try files.write(versionDocument.canonicalBytes, as: "oci-layout")
            }
        }
        return OCILayout(path, files, thread)
    }

    /// What `index.json` lists, with names as annotations.
    package func manifests() throws -> [Descriptor] { try index().manifests }

    package func resolve(_ reference: ImageReference) throws -> Descriptor {
        let listed = try manifests()
        if let digest = reference.digest {
            if let found = listed.first(where: { $0.digest == digest }) { return found }
            let bytes = try document(digest, of: "image `\(reference)`")
            let stated = (try? JSON(parsing: bytes))?["mediaType"]?.stringValue
            return Descriptor(of: bytes, mediaType: stated.map { MediaType($0) } ?? .ociManifest)
        }
        let names = [reference.tag, reference.description].compactMap(\.self)
        if let found = listed.last(where: { names.contains($0.annotations[Self.nameAnnotation] ?? "") }) {
            return found
        }
        let offered = listed.compactMap { $0.annotations[Self.nameAnnotation] }.joined(separator: ", ")
        throw OCIError(
            .notFound,
            "layout `\(path)` has no image named `\(reference.tag ?? "")`, "
                + (offered.isEmpty ? "its images have no names" : "it has: \(offered)"))
    }

    package func manifest(_ descriptor: Descriptor, in repository: RepositoryName) throws -> RawManifest {
        let bytes = try document(descriptor.digest, of: "manifest `\(descriptor.digest)`")
        guard Int64(bytes.count) == descriptor.size else {
            throw OCIError(.contentMismatch, "manifest `\(descriptor.digest)` in `\(path)` does not have its size")
        }
        return RawManifest(descriptor: descriptor, bytes: bytes)
    }

    package func blob(
        _ descriptor: Descriptor, in repository: RepositoryName, from offset: Int64
    ) throws -> BlobStream {
        guard let file = try files.openBlob(descriptor.digest, size: descriptor.size) else {
            throw OCIError(.notFound, "layout `\(path)` has no blob `\(descriptor.digest)` of \(descriptor.size) bytes")
        }
        return BlobStream(reading: file, from: offset, on: thread)
    }

    package func contains(_ descriptor: Descriptor, in repository: RepositoryName) throws -> Bool {
        try files.openBlob(descriptor.digest, size: descriptor.size) != nil
    }

    /// Blobs belong to no repository here.
    package func mount(
        _ descriptor: Descriptor, from origin: RepositoryName, in repository: RepositoryName
    ) throws -> Bool {
        try contains(descriptor, in: repository)
    }

    package func put(_ descriptor: Descriptor, _ content: BlobContent, in repository: RepositoryName) async throws {
        let pending = try files.beginBlob()
        for try await chunk in try await content.open(on: thread) {
            try pending.write(chunk)
            guard pending.size <= descriptor.size else { break }
        }
        try pending.publish(as: descriptor)
    }

    package func put(_ manifest: RawManifest, tag: String?, in repository: RepositoryName) throws {
        let pending = try files.beginBlob()
        try pending.write(manifest.bytes)
        try pending.publish(as: manifest.descriptor)
        if let tag { try list(manifest.descriptor, name: tag) }
    }

    /// Lists a manifest that is there, under `name` if that is given. A name has one manifest, a manifest any number of
    /// names.
    package func list(_ descriptor: Descriptor, name: String?) throws {
        var entry = descriptor
        entry.annotations[Self.nameAnnotation] = name
        var index = try index()
        index.manifests.removeAll { other in
            let otherName = other.annotations[Self.nameAnnotation]
            return name.map { otherName == $0 } ?? (otherName == nil && other.digest == descriptor.digest)
        }
        index.manifests.append(entry)
        try files.write(index.canonicalBytes, as: "index.json")
    }

    /// Removes blobs that no listed manifest leads to. What cannot be understood stays with all it may name: then
    /// nothing is removed.
    package func removeUnlisted() throws {
        var listed: Set<Digest> = []
        var pending = try manifests()
        while let next = pending.popLast() {
            guard listed.insert(next.digest).inserted else { continue }
            guard next.mediaType.isManifest || next.mediaType.isIndex else { continue }
            let bytes = try document(next.digest, of: "manifest `\(next.digest)`")
            let parts = try ManifestParts(RawManifest(descriptor: next, bytes: bytes))
            pending += parts.manifests + parts.blobs
        }
        try files.removeBlobs { !listed.contains($0) }
    }

    private func index() throws -> ImageIndex {
        let bytes = try files.read("index.json", limit: Self.largestDocument)
        // The specification does not demand the media type here, and some tools leave it out.
        return try ImageIndex(parsing: bytes, servedAs: .ociIndex)
    }

    private func document(_ digest: Digest, of what: String) throws -> [UInt8] {
        guard let bytes = try files.readBlob(digest, limit: Self.largestDocument) else {
            throw OCIError(.notFound, "layout `\(path)` has no \(what)")
        }
        guard Digest.of(bytes) == digest else {
            throw OCIError(.contentMismatch, "\(what) in `\(path)` does not have its digest")
        }
        return bytes
    }
}
