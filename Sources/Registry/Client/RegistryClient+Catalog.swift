import HTTP
package import OCI

extension RegistryClient {
    /// All tags of `repository`, in the registry's order.
    package func tags(of repository: RepositoryName) async throws -> [String] {
        let call = Call(operation: "list the tags of", repository: repository, endpoint: try home(of: repository))
        var tags: [String] = []
        var next: HTTPURL? = call.endpoint.url(repository, "tags/list")
        for _ in 0..<10_000 {
            guard let url = next else { return tags }
            var request = HTTPRequest(.get, url)
            request.retry = configuration.retry
            let response = try await send(request, call)
            guard response.status == 200 else { throw await refusal(response, call, of: "tags") }
            let page: JSON
            do { page = try JSON(parsing: try await response.body.collect(upTo: 16 << 20)) } catch let error
                as HTTPError
            {
                throw RegistryError(error, call)
            }
            let found = page["tags"]?.arrayValue?.compactMap(\.stringValue).filter(ImageReference.isTag) ?? []
            tags += found
            next = found.isEmpty ? nil : try Self.nextPage(after: response, call)
        }
        throw RegistryError(
            .invalidResponse, "registry `\(call.endpoint.name)` lists the tags of `\(repository)` without end")
    }

    /// The target of `Link: <…>; rel="next"` (RFC 8288).
    private static func nextPage(after response: HTTPResponse, _ call: Call) throws -> HTTPURL? {
        for link in response.headers.values(of: "Link").flatMap({ $0.split(separator: ",") }) {
            guard let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"), open < close,
                link[close...].contains("rel=\"next\"") || link[close...].contains("rel=next")
            else { continue }
            let url: HTTPURL
            do { url = try response.url.resolving(String(link[link.index(after: open)..<close])) } catch {
                throw RegistryError(error, call)
            }
            guard url.origin == call.endpoint.origin else {
                throw RegistryError(
                    .invalidResponse,
                    "registry `\(call.endpoint.name)` continues its list of tags at another host, `\(url.origin)`")
            }
            return url
        }
        return nil
    }

    /// Deletes a manifest and with it all tags that name it. A registry that allows no deletion refuses.
    package func delete(manifest digest: Digest, in repository: RepositoryName) async throws {
        let call = Call(
            operation: "delete from", repository: repository, endpoint: try home(of: repository), actions: "delete,pull"
        )
        var request = HTTPRequest(.delete, call.endpoint.url(repository, "manifests/\(digest)"))
        request.retry = configuration.retry
        let response = try await send(request, call)
        guard response.isSuccess else { throw await refusal(response, call, of: "manifest `\(digest)`") }
    }

    /// What a registry answers to those who ask whether it is there.
    package enum Availability: Hashable, Sendable {
        case ready
        /// It is there, and wants credentials it was not given.
        case needsLogin
    }

    /// Asks `registry` (`host[:port]`) whether it speaks the distribution API and takes the credentials we have.
    package func check(_ registry: String) async throws -> Availability {
        let endpoint = try RegistryEndpoint(registry, in: configuration)
        let call = Call(
            operation: "reach", repository: RepositoryName(registry: registry, path: ""), endpoint: endpoint,
            actions: nil)
        let response = try await send(HTTPRequest(.get, HTTPURL(origin: endpoint.origin, path: "/v2/")), call)
        switch response.status {
        case 200: return .ready
        case 401: return .needsLogin
        default:
            throw RegistryError(
                .invalidResponse, "`\(registry)` is not a registry: it answers with status \(response.status)")
        }
    }
}
