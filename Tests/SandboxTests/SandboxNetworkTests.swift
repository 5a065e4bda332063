import Glibc
import Linux
import Sandbox
import Testing

@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct SandboxNetworkTests {
    let root: BusyboxRoot

    init() throws { root = try BusyboxRoot() }

    private func run(_ script: String, _ network: SandboxSpec.Network) async throws -> String {
        let supervisor = try await SandboxSupervisor.forTests(expecting: [network])
        let result = try await supervisor.run(.script(script, network: network), in: root)
        await supervisor.stop()
        return result.output
    }

    @Test func withoutNetworkThereIsOnlyLoopback() async throws {
        let output = try await run("ip -o link | wc -l; ip route; cat /etc/resolv.conf", .none)
        #expect(output == "1\nunreachable 169.254.0.0/16 \n")
    }

    @Test(.enabled(if: Requirements.canReachOut, "needs slirp4netns and /dev/net/tun"))
    func defaultNetworkIsItsOwn() async throws {
        let output = try await run("ip -o -4 addr | wc -l; ip route; cat /etc/resolv.conf", .default)
        #expect(
            output == """
                2
                default via 10.0.2.2 dev tap0\u{20}
                10.0.2.0/24 dev tap0 scope link  src 10.0.2.100\u{20}
                unreachable 169.254.0.0/16\u{20}
                nameserver 10.0.2.3

                """)
    }

    @Test(
        .enabled(if: Requirements.canReachOut, "needs slirp4netns and /dev/net/tun"),
        arguments: ["127.0.0.1", "10.0.2.2", "localhost"])
    func loopbackOfTheHostIsOutOfReach(address: String) async throws {
        let listener = try Listener()
        let output = try await run(
            "nc -w 2 \(address) \(listener.port) </dev/null 2>/dev/null && echo reached || echo unreached", .default)
        #expect(output == "unreached\n")
        #expect(!listener.wasReached)
    }

    @Test(.enabled(if: Requirements.canReachOut, "needs slirp4netns and /dev/net/tun"))
    func metadataAddressIsUnreachable() async throws {
        let output = try await run("nc -w 5 169.254.169.254 80 </dev/null 2>&1", .default)
        #expect(output.contains("unreachable") || output.contains("No route"), "\(output)")
    }

    @Test func nextStepFindsNothingOfTheOneBefore() async throws {
        let supervisor = try await SandboxSupervisor.forTests()
        let network = "readlink /proc/self/ns/net"
        let first = try await supervisor.run(.script("setsid nc -l -p 7000 & \(network)"), in: root)
        let second = try await supervisor.run(
            .script("nc -w 1 127.0.0.1 7000 </dev/null 2>/dev/null && echo reached; \(network)"), in: root)
        await supervisor.stop()
        #expect(first.output.hasPrefix("net:["))
        #expect(second.output == first.output, "networks are used again, without what listened there")
    }

    @Test(.enabled(if: Requirements.canReachOut, "needs slirp4netns and /dev/net/tun"))
    func networksAreApart() async throws {
        let supervisor = try await SandboxSupervisor.forTests(expecting: [.default])
        let server = Task { [root] in
            try await supervisor.run(.script("nc -l -p 7000 & sleep 3; kill $!", network: .default), in: root)
        }
        let client = try await supervisor.run(
            .script(
                "sleep 0.5; nc -w 1 10.0.2.100 7000 </dev/null && echo reached || echo unreached", network: .default),
            in: root)
        #expect(client.output == "unreached\n")
        server.cancel()
        _ = try? await server.value
        await supervisor.stop()
    }
}

/// A socket on the host's loopback.
final class Listener: Sendable {
    let port: UInt16
    private let socket: SharedDescriptor

    init() throws {
        let number = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_NONBLOCK, 0)
        socket = SharedDescriptor(OwnedDescriptor(adopting: number))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, size) + listen(number, 5) + getsockname(number, $0, &size)
            }
        }
        try #require(status == 0)
        port = UInt16(bigEndian: address.sin_port)
    }

    var wasReached: Bool {
        let connection = accept(socket.rawValue, nil, nil)
        if connection >= 0 { close(connection) }
        return connection >= 0
    }
}
