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

    @Test func theCorpusIsFound() { #expect(Self.cases.count >= 30) }

    @Test(arguments: cases)
    func examplesGiveWhatTheySay(_ name: String) async throws {
        let example = CorpusCase(folder: Self.folder.appending(name))
        let shop = try await Workshop()
        guard let document = try? example.contents("expected.json") else {
            Issue.record("\(name)\n\(try await example.outcome(in: shop, nil).text)")
            return
        }
        let expected = try JSONDecoder().decode(CorpusCase.Expected.self, from: document)
        let outcome = try await example.outcome(in: shop, expected.build)

        if let lines = expected.error {
            let error = try #require(outcome.error, "the build succeeds")
            for line in lines { #expect(error.contains(line), "\(error)") }
            return
        }
        let config = try #require(outcome.config, "\(outcome.text)")
        let tree = expected.tree ?? [:]
        #expect(Set(outcome.tree.keys) == Set(tree.keys))
        for (path, line) in tree { #expect(outcome.tree[path] == line, "\(path)") }
        #expect(outcome.warnings == expected.warnings ?? [])

        let members = try JSON(parsing: Array(document))["config"]?.objectValue?.members ?? []
        for member in members {
            let found = config[runtime: member.name] ?? .null
            #expect(found.canonicalBytes == member.value.canonicalBytes, "\(member.name): \(found.lineText)")
        }
        if let history = expected.history, !history.isEmpty { #expect(outcome.history == history) }
        #expect(config.history.count { !$0.isEmptyLayer } == config.diffIDs.count)
    }
}
