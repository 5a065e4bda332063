// The protocol between ssh and its agent: messages of a 32-bit length, a type and contents, each request answered by
// one reply (draft-ietf-sshm-ssh-agent, https://datatracker.ietf.org/doc/draft-ietf-sshm-ssh-agent/).

import Linux
import Synchronization
import SystemPackage

/// A socket for a step that reaches an agent of the host. Through it a step can list keys and sign with them while the
/// socket lasts; it can neither add nor remove nor lock any.
final class AgentSocket: Sendable {
    enum Target: Sendable {
        case host(FilePath)
        case own(PrivateSSHAgent)

        var path: FilePath {
            switch self {
            case .host(let path): path
            case .own(let agent): agent.socket
            }
        }
    }

    /// The socket as a file.
    let file: SharedDescriptor
    /// Holds the mount that the file is in.
    private let directory: SharedDescriptor
    private let listener: UnixListener
    private let connections = Connections()

    /// Mode and owner are the file's; ids are the host's.
    init(to target: Target, mode: UInt16, uid: UInt32, gid: UInt32) throws {
        do { _ = try SharedDescriptor.connecting(to: target.path) } catch {
            throw RunMountError("the ssh agent does not answer: \(error)", hint: "check the socket given with --ssh")
        }
        directory = try DetachedMount.memoryDirectory(size: 64 << 10)
        listener = try UnixListener(named: "agent", in: directory, mode: mode, uid: uid, gid: gid)
        file = SharedDescriptor(
            try OwnedDescriptor.open(Array("agent".utf8), in: directory.rawValue, flags: OpenFlags.path))
        Self.serve(listener, target, connections)
    }

    deinit {
        listener.close()
        connections.end()
    }

    private static func serve(_ listener: UnixListener, _ target: Target, _ connections: Connections) {
        let thread = BlockingThread(label: "ssh-agent")
        Task {
            try await thread.run {
                while let client = listener.accept() {
                    guard connections.add(client) else { continue }
                    let thread = BlockingThread(label: "ssh-agent")
                    Task {
                        // A connection that breaks off is the step's own affair.
                        try? await thread.run { try relay(client, to: target) }
                        connections.remove(client)
                    }
                }
            }
        }
    }

    // MARK: Messages

    private static let failure: [UInt8] = [0, 0, 0, 1, 5]
    /// SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENTC_SIGN_REQUEST.
    private static let allowed: Set<UInt8> = [11, 13]
    private static let limit = 256 << 10

    private static func relay(_ client: SharedDescriptor, to target: Target) throws {
        let agent = try SharedDescriptor.connecting(to: target.path)
        while let request = try message(from: client) {
            guard let type = request.dropFirst(4).first, allowed.contains(type) else {
                try client.write(failure)
                continue
            }
            try agent.write(request)
            guard let reply = try message(from: agent) else { return }
            try client.write(reply)
        }
    }

    /// With its length; nil at the end of the stream and for one that no agent would take.
    private static func message(from stream: SharedDescriptor) throws -> [UInt8]? {
        guard let header = try stream.readStream(count: 4) else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        guard length > 0, length <= limit, let body = try stream.readStream(count: length) else { return nil }
        return header + body
    }

    /// Those that are open, so that none outlasts the socket.
    private final class Connections: Sendable {
        private struct State {
            var open: [ObjectIdentifier: SharedDescriptor] = [:]
            var isOver = false
        }

        private let state = Mutex(State())
        private static let limit = 64

        /// False if there are too many.
        func add(_ client: SharedDescriptor) -> Bool {
            state.withLock { state in
                guard !state.isOver, state.open.count < Self.limit else { return false }
                state.open[ObjectIdentifier(client)] = client
                return true
            }
        }

        func remove(_ client: SharedDescriptor) {
            _ = state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(client)) }
        }

        func end() {
            let open = state.withLock { state in
                state.isOver = true
                return state.open.values
            }
            for client in open { client.shutDown() }
        }
    }
}
