import Build
import Foundation
import OCI
import SystemPackage
import Testing

/// The folders of `Corpus`, each a Dockerfile with its context and what must come of it.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct CorpusTests {
    static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")

    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [])
        .filter { !$0.contains(".") }.sorted()

    struct Expected: Decodable {
        let tree: [String: String]
        let history: [String]
    }

    @Test func theCorpusIsFound() { #expect(Self.cases.count >= 5) }

    @Test(arguments: cases)
    func examplesGiveWhatTheySay(_ name: String) async throws {
        let folder = Self.folder.appending(name)
        let document = Array(try Data(contentsOf: URL(fileURLWithPath: folder.appending("expected.json").string)))
        let expected = try JSONDecoder().decode(Expected.self, from: Data(document))
        let shop = try await Workshop()
        try FileManager.default.removeItem(atPath: shop.path.appending("context").string)
        try FileManager.default.copyItem(
            atPath: folder.appending("context").string, toPath: shop.path.appending("context").string)
        let dockerfile = try String(contentsOfFile: folder.appending("Dockerfile").string, encoding: .utf8)

        let base = try await shop.build("FROM base")
        let baseTree = try await shop.tree(of: base)
        let image = try await shop.build(dockerfile)
        let tree = try await shop.tree(of: image).filter { baseTree[$0.key] != $0.value }
        #expect(Set(tree.keys) == Set(expected.tree.keys))
        for (path, line) in expected.tree { #expect(tree[path] == line, "\(path)") }

        let config = try shop.config(of: image)
        let members = try JSON(parsing: document)["config"]?.objectValue?.members ?? []
        for member in members { #expect(config[runtime: member.name] == member.value, "\(member.name)") }

        let history = config.history.dropFirst(try shop.config(of: base).history.count)
            .map { $0.isEmptyLayer ? "(\($0.createdBy ?? ""))" : $0.createdBy ?? "" }
        if !expected.history.isEmpty { #expect(history == expected.history) }
        #expect(config.history.count { !$0.isEmptyLayer } == config.diffIDs.count)
    }
}
