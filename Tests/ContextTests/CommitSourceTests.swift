import Build
import Dockerfile
import Engine
import Foundation
import Git
import HTTP
import SystemPackage
import Testing

/// Dockerfiles of commits, as the agent builds them.
@Suite(.timeLimit(.minutes(2)))
struct CommitSourceTests {
    @Test func aDockerfileMayBeALinkInsideItsCommit() async throws {
        let yard = try Yard()
        let served = try await ServedRepository()
        try served.write("FROM scratch\nLABEL a=b", to: "docker/App")
        for (name, target) in [
            ("service/Dockerfile", "../docker/./Link"), ("docker/Link", "App"), ("out", "../out"), ("loop", "loop"),
            ("absolute", "/docker/App"), ("directory", "docker"),
        ] {
            let path = served.root.appending("repository").appending(name)
            try FileManager.default.createDirectory(
                atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
        }
        let commit = try #require(CommitID(try await served.commit()))
        let configuration = yard.engine.configuration
        let mirror = GitMirror(
            of: try GitURL.parse(served.url, allowing: [.http]), in: yard.path.appending("git"),
            remote: GitRemote(client: HTTPClient(), helper: configuration.gitHelper, trust: configuration.gitTrust))
        try await mirror.ensure(commit)
        let source = try await CommitSource(commit, in: mirror, dockerfile: "service/Dockerfile", context: "")
        #expect(source.dockerfile.stages.count == 1)
        for name in ["out", "loop", "absolute", "directory", "nothing"] {
            let error = await #expect(throws: BuildError.self) {
                try await CommitSource(commit, in: mirror, dockerfile: name, context: "")
            }
            #expect("\(error!)".contains("has no file `\(name)`"))
        }
    }
}
