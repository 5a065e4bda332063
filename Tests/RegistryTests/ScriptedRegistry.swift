import HTTP
import OCI
import Registry
import Synchronization
import TestServers

/// A client of a scripted server under the name of the server's own address, with retries that do not wait.
struct ScriptedRegistry {
    let server: ScriptedServer
    let client: RegistryClient
    let repository: RepositoryName
    let pauses = NotedPauses()

    init(
        credentials: any CredentialSource = AnonymousCredentials(), configuration: RegistryConfiguration = .init(),
        bodyLimit: @escaping @Sendable (ScriptedServer.Request) -> Int? = { _ in nil },
        _ answer: @escaping ScriptedServer.Answer
    ) throws {
        server = try ScriptedServer(bodyLimit: bodyLimit, answer)
        client = RegistryClient(configuration, credentials: credentials, http: HTTPClient(clock: pauses.clock))
        repository = RepositoryName(registry: server.host, path: "team/app")
    }

    var reference: ImageReference { ImageReference(repository: repository, tag: "1") }

    /// A client that presents `user` and `password` to the server.
    static func authenticated(
        user: String = "alice", password: String = "canary", _ answer: @escaping ScriptedServer.Answer
    ) throws -> ScriptedRegistry {
        try ScriptedRegistry(credentials: AnyHost(.basic(user: user, password: Secret(password))), answer)
    }
}

/// One credential for every registry.
struct AnyHost: CredentialSource {
    let credential: Credential

    init(_ credential: Credential) { self.credential = credential }

    func credential(for registry: String, path: String) -> Credential? { credential }
}

/// A clock on which sleeping takes no time but is noted, and advances what it is told to.
final class NotedPauses: Sendable {
    private let noted = Mutex<[Duration]>([])
    private let time = Mutex<Int64>(1_000_000)

    var all: [Duration] { noted.withLock { $0 } }

    func advance(by seconds: Int64) { time.withLock { $0 += seconds } }

    var clock: RetryClock {
        RetryClock(
            sleep: { pause in self.noted.withLock { $0.append(pause) } }, now: { self.time.withLock { $0 } },
            random: { 1 })
    }
}

extension Script {
    static func manifest(_ manifest: RawManifest, isHead: Bool = false) -> Script {
        let headers = [
            ("Content-Type", manifest.descriptor.mediaType.rawValue),
            ("Docker-Content-Digest", manifest.descriptor.digest.description),
        ]
        return isHead
            ? .headOnly(200, headers + [("Content-Length", "\(manifest.bytes.count)")])
            : .answer(200, headers, body: manifest.bytes)
    }

    static func error(_ status: Int, _ code: String, _ message: String, _ headers: [(String, String)] = []) -> Script {
        .answer(status, headers, text: #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#)
    }
}
