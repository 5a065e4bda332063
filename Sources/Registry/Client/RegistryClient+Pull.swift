import HTTP
package import OCI

extension RegistryClient: ImageSource {
    /// Manifests above this size are refused.
    static let largestManifest = 8 << 20

    package func resolve(_ reference: ImageReference) async throws -> Descriptor {
        try await withSources(of: reference.repository) { endpoint in
            let call = Call(operation: "pull", repository: reference.repository, endpoint: endpoint)
            let request = manifestRequest(.head, reference.manifestName, call)
            let response = try await send(request, call)
            if response.status == 200, let described = try Self.descriptor(in: response, of: reference) {
                return described
            }
            if RetryPolicy.isTransient(status: response.status) {
                throw await refusal(response, call, of: "image `\(reference)`")
            }
            // Not every registry knows HEAD, and none says in its answer why it refuses.
            return try await fetchManifest(reference.manifestName, call, digest: reference.digest).descriptor
        }
    }

    package func manifest(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> RawManifest {
        guard descriptor.size <= Self.largestManifest else { throw Self.tooLarge("manifest `\(descriptor.digest)`") }
        return try await withSources(of: repository) { endpoint in
            let call = Call(operation: "pull", repository: repository, endpoint: endpoint)
            let found = try await fetchManifest(descriptor.digest.description, call, digest: descriptor.digest)
            guard found.descriptor.size == descriptor.size else {
                throw OCIError(
                    .contentMismatch,
                    "manifest `\(descriptor.digest)` of `\(repository)` has \(found.descriptor.size) bytes, "
                        + "expected \(descriptor.size)"
                )
            }
            let served = found.descriptor.mediaType
            guard served == descriptor.mediaType || !(served.isManifest || served.isIndex) else {
                throw OCIError(
                    .contentMismatch,
                    "manifest `\(descriptor.digest)` of `\(repository)` is served as `\(served)`, "
                        + "expected `\(descriptor.mediaType)`"
                )
            }
            return RawManifest(descriptor: descriptor, bytes: found.bytes)
        }
    }

    package func blob(
        _ descriptor: Descriptor, in repository: RepositoryName, from offset: Int64
    ) async throws -> BlobStream {
        if offset >= descriptor.size, offset > 0 { return BlobStream { nil } }
        return try await withSources(of: repository) { endpoint in
            let call = Call(operation: "pull", repository: repository, endpoint: endpoint)
            let download = BlobDownload(descriptor, call, from: offset, by: self)
            try await download.open()
            return BlobStream { try await download.next() }
        }
    }

    /// Whether the blob can be had from the repository. Asked with no more rights than those to pull.
    package func offers(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> Bool {
        try await withSources(of: repository) { endpoint in
            let call = Call(operation: "pull", repository: repository, endpoint: endpoint)
            var request = HTTPRequest(.head, call.endpoint.url(repository, "blobs/\(descriptor.digest)"))
            request.retry = configuration.retry
            let response = try await send(request, call)
            return response.status == 200
                && (response.contentLength == nil || response.contentLength == descriptor.size)
        }
    }

    private func manifestRequest(_ method: HTTPMethod, _ name: String, _ call: Call) -> HTTPRequest {
        var request = HTTPRequest(method, call.endpoint.url(call.repository, "manifests/\(name)"))
        request.headers["Accept"] = (MediaType.acceptedManifests.map(\.rawValue) + ["*/*"]).joined(separator: ", ")
        request.retry = configuration.retry
        return request
    }

    /// A manifest by `name`; its own hash is what counts, whatever headers say.
    private func fetchManifest(_ name: String, _ call: Call, digest: Digest?) async throws -> RawManifest {
        let response = try await send(manifestRequest(.get, name, call), call)
        guard response.status == 200 else { throw await refusal(response, call, of: "manifest `\(name)`") }
        if let length = response.contentLength, length > Self.largestManifest {
            throw Self.tooLarge("manifest `\(name)`")
        }
        let bytes: [UInt8]
        do { bytes = try await response.body.collect(upTo: Self.largestManifest) } catch let error as HTTPError {
            throw error.code == .tooLarge ? Self.tooLarge("manifest `\(name)`") : RegistryError(error, call)
        }
        let found = Digest.of(bytes)
        if let digest, found != digest {
            throw OCIError(
                .contentMismatch,
                "manifest `\(digest)` of `\(call.repository)` has the digest \(found) "
                    + "as registry `\(call.endpoint.name)` sends it"
            )
        }
        let stated = (try? JSON(parsing: bytes))?["mediaType"]?.stringValue
        guard let mediaType = Self.mediaType(of: response) ?? stated.map({ MediaType($0) }) else {
            throw OCIError(.unsupportedMediaType, "manifest `\(name)` of `\(call.repository)` has no media type")
        }
        return RawManifest(bytes: bytes, mediaType: mediaType)
    }

    /// What a HEAD response says, if it says everything.
    private static func descriptor(in response: HTTPResponse, of reference: ImageReference) throws -> Descriptor? {
        guard let mediaType = mediaType(of: response), mediaType.isManifest || mediaType.isIndex,
            let size = response.contentLength, size > 0,
            let text = response.headers["Docker-Content-Digest"], let digest = try? Digest(parsing: text)
        else { return nil }
        guard size <= largestManifest else { throw tooLarge("manifest of `\(reference)`") }
        if let wanted = reference.digest, wanted != digest { return nil }
        return Descriptor(mediaType: mediaType, digest: digest, size: size)
    }

    private static func mediaType(of response: HTTPResponse) -> MediaType? {
        response.headers["Content-Type"]?.split(separator: ";").first
            .map { $0.filter { $0 != " " } }.flatMap { $0.isEmpty ? nil : MediaType(String($0)) }
    }

    private static func tooLarge(_ what: String) -> OCIError {
        OCIError(.invalidDocument, "\(what) is larger than \(largestManifest) bytes")
    }
}
