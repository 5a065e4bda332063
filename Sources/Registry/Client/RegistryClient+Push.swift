import HTTP
package import OCI

extension RegistryClient: ImageDestination {
    package func contains(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> Bool {
        let isManifest = descriptor.mediaType.isManifest || descriptor.mediaType.isIndex
        let call = try push(to: repository)
        let resource = isManifest ? "manifests/\(descriptor.digest)" : "blobs/\(descriptor.digest)"
        var request = HTTPRequest(.head, call.endpoint.url(repository, resource))
        if isManifest { request.headers["Accept"] = descriptor.mediaType.rawValue }
        request.retry = configuration.retry
        let response = try await send(request, call)
        switch response.status {
        case 200: return response.contentLength == nil || response.contentLength == descriptor.size
        case 404: return false
        default: throw await refusal(response, call, of: "blob `\(descriptor.digest)`")
        }
    }

    package func mount(
        _ descriptor: Descriptor, from origin: RepositoryName, in repository: RepositoryName
    ) async throws -> Bool {
        guard origin.registry == repository.registry, origin != repository else { return false }
        var call = try push(to: repository)
        call.origin = origin
        let url = call.endpoint.url(repository, "blobs/uploads/")
            .adding(query: "mount", descriptor.digest.description).adding(
                query: "from", call.endpoint.prefix + origin.path)
        var request = HTTPRequest(.post, url)
        request.retry = configuration.retry
        let response = try await send(request, call)
        switch response.status {
        case 201: return true
        case 202:
            // The registry has begun an ordinary upload instead; the blob's transfer will use it.
            if let location = try? Self.location(in: response, call) {
                uploads.keep(location, for: descriptor.digest, in: repository)
            }
            return false
        case 401, 403, 404, 405: return false
        default: throw await refusal(response, call, of: "the mount of blob `\(descriptor.digest)`")
        }
    }

    package func put(_ descriptor: Descriptor, _ content: BlobContent, in repository: RepositoryName) async throws {
        try await put(descriptor, content, in: repository, onProgress: nil)
    }

    /// As the protocol's `put`; `onProgress` gets the count of bytes handed to the connection. It must not block.
    package func put(
        _ descriptor: Descriptor, _ content: BlobContent, in repository: RepositoryName,
        onProgress: (@Sendable (Int64) -> Void)?
    ) async throws {
        var upload = BlobUpload(descriptor, content, try push(to: repository), by: self)
        upload.onProgress = onProgress
        try await upload.run()
    }

    package func put(_ manifest: RawManifest, tag: String?, in repository: RepositoryName) async throws {
        let call = try push(to: repository)
        let name = tag ?? manifest.descriptor.digest.description
        var request = HTTPRequest(
            .put, call.endpoint.url(repository, "manifests/\(name)"),
            headers: ["Content-Type": manifest.descriptor.mediaType.rawValue], body: .bytes(manifest.bytes))
        request.retry = configuration.retry
        let response = try await send(request, call)
        guard response.isSuccess else { throw await refusal(response, call, of: "manifest `\(name)`") }
        if let stored = response.headers["Docker-Content-Digest"], stored != manifest.descriptor.digest.description {
            throw OCIError(
                .contentMismatch,
                "registry `\(call.endpoint.name)` stored manifest `\(manifest.descriptor.digest)` "
                    + "of `\(repository)` as `\(stored.prefix(80))`"
            )
        }
    }

    func push(to repository: RepositoryName) throws -> Call {
        Call(operation: "push", repository: repository, endpoint: try home(of: repository), actions: "pull,push")
    }

    /// Where an upload goes on; its query is the registry's own business and kept.
    static func location(in response: HTTPResponse, _ call: Call) throws -> HTTPURL {
        guard let text = response.headers["Location"] else {
            throw RegistryError(
                .invalidResponse,
                "cannot push `\(call.repository)`: registry `\(call.endpoint.name)` begins an upload without a location"
            )
        }
        do { return try response.url.resolving(text) } catch { throw RegistryError(error, call) }
    }
}
