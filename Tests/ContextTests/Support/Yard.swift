import Archive
import Build
import Dockerfile
import Engine
import Foundation
import Git
import HTTP
import Linux
import OCI
import Storage
import Synchronization
import SystemPackage
import Testing

/// A store with an engine and a directory for whatever a test writes, gone with the value.
final class Yard: Sendable {
    let path: FilePath
    let engine: Engine
    private let events = Mutex<[BuildEvent]>([])

    init(_ change: (inout EngineConfiguration) -> Void = { _ in }) throws {
        path = FilePath(NSTemporaryDirectory()).appending("caisson-contexts-\(UUID())")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        var configuration = EngineConfiguration(root: path.appending("store"))
        configuration.allowsLocalAddresses = true
        configuration.gitSchemes = [.https, .http, .ssh, .git]
        configuration.gitHelper = GitHelper(program: Self.helper)
        configuration.clock.sleep = { _ in }
        change(&configuration)
        engine = try Engine(configuration)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    /// The helper program stands beside the test program.
    private static var helper: FilePath {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FilePath(program).removingLastComponent().appending("git-helper")
    }

    // MARK: Files

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = path.appending(name)
        try FileManager.default.createDirectory(
            atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file.string))
    }

    /// Runs a program and returns its output; a failure fails the test.
    @discardableResult
    func tool(_ words: String..., in directory: FilePath? = nil, input: [UInt8] = []) async throws -> [UInt8] {
        let program = try #require(Command.locate(words[0]), "\(words[0]) is not installed")
        var command = Command(program, Array(words.dropFirst()))
        command.directory = directory ?? path
        command.input = .bytes(input)
        command.output = .capture(limit: 64 << 20)
        command.deadline = .seconds(60)
        let result = try await command.run()
        try #require(result.status.isSuccess, "\(words): \(result.status) \(result.errorText)")
        return result.output
    }

    // MARK: Building

    @discardableResult
    func build(_ dockerfile: String, _ change: (inout BuildRequest) -> Void = { _ in }) async throws -> BuiltImage {
        var request = BuildRequest(
            dockerfile: DockerfileStages(DockerfileParser.parse(Array(dockerfile.utf8), name: "Dockerfile")),
            context: EmptyContext(), network: .none, created: 1_700_000_000)
        change(&request)
        return try await build(request)
    }

    @discardableResult
    func build(_ source: BuildSource) async throws -> BuiltImage {
        let created = try await source.created(environment: nil)
        return try await build(
            BuildRequest(dockerfile: source.dockerfile, context: source.context, network: .none, created: created))
    }

    private func build(_ request: BuildRequest) async throws -> BuiltImage {
        events.withLock { $0 = [] }
        let images = try await engine.build(request) { event in self.events.withLock { $0.append(event) } }
        return try #require(images.last)
    }

    /// The message of the error that the build must end with.
    func failure(_ dockerfile: String, at location: SourceLocation = #_sourceLocation) async -> String {
        do {
            try await build(dockerfile)
            Issue.record("the build succeeded", sourceLocation: location)
            return ""
        } catch { return "\(error)" }
    }

    func source(_ origin: ContextOrigin, _ dockerfile: DockerfileOrigin = .usual) async throws -> BuildSource {
        try await engine.remotes().source(origin, dockerfile: dockerfile)
    }

    /// `cached` or `ran` for each step of the last build.
    var outcomes: [String] {
        events.withLock { events in
            events.compactMap { event in
                if case .stepFinished(_, let outcome) = event { outcome.isCached ? "cached" : "ran" } else { nil }
            }
        }
    }

    var warnings: [String] {
        events.withLock { $0.compactMap { if case .warning(let warning) = $0 { warning.message } else { nil } } }
    }

    // MARK: Results

    /// Every file of the image: its permissions and content, or what it is.
    func files(of image: BuiltImage) async throws -> [String: String] {
        let tree = try await engine.trees.tree(of: image.chain)
        var files: [String: String] = [:]
        try tree.walk { path, id in
            let mode = String(tree[id].mode, radix: 8)
            switch tree[id].kind {
            case .directory: break
            case .symbolicLink(let target): files[path.description] = "-> \(String(decoding: target, as: UTF8.self))"
            case .file(let content): files[path.description] = "\(mode) \(try text(of: content))"
            default: files[path.description] = "special"
            }
        }
        return files
    }

    private func text(of content: FileContent) throws -> String {
        guard case .layer(let layer, let offset, _) = content.source else { return "" }
        let bytes = try engine.store.layers.openTar(of: layer).read(count: Int(content.size), at: offset)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lays the image's files out in a directory.
    func export(_ image: BuiltImage, to name: String) async throws -> FilePath {
        let tree = try await engine.trees.tree(of: image.chain)
        try tree.walk { file, id in
            let target = path.appending(name).appending(file.description).string
            switch tree[id].kind {
            case .directory:
                try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            case .symbolicLink(let link):
                try FileManager.default.createSymbolicLink(
                    atPath: target, withDestinationPath: String(decoding: link, as: UTF8.self))
            case .file(let content):
                guard case .layer(let layer, let offset, _) = content.source else { return }
                let bytes = try engine.store.layers.openTar(of: layer).read(count: Int(content.size), at: offset)
                try Data(bytes).write(to: URL(fileURLWithPath: target))
                try FileManager.default.setAttributes(
                    [.posixPermissions: Int(tree[id].mode)], ofItemAtPath: target)
            default: break
            }
        }
        return path.appending(name)
    }
}
