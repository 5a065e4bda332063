import HTTP
import OCI
import Synchronization

/// Uploads that registries began in place of a mount, until the blob's transfer takes them.
final class PendingUploads: Sendable {
    private struct Key: Hashable {
        let digest: Digest
        let repository: RepositoryName
    }

    private let locations = Mutex<[Key: HTTPURL]>([:])

    func keep(_ location: HTTPURL, for digest: Digest, in repository: RepositoryName) {
        locations.withLock { $0[Key(digest: digest, repository: repository)] = location }
    }

    func take(_ digest: Digest, in repository: RepositoryName) -> HTTPURL? {
        locations.withLock { $0.removeValue(forKey: Key(digest: digest, repository: repository)) }
    }
}
