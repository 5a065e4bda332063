import Dockerfile
import Foundation
import Testing

/// Folders with a `Dockerfile` and what reading it gives: `ast.json`, or `errors.txt` with the rendered diagnostics.
@Suite struct CorpusTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Corpus")

    static let cases: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.filter {
            FileManager.default.fileExists(atPath: root.appendingPathComponent("\($0)/Dockerfile").path)
        }.sorted()
    }()

    @Test func corpusIsThere() {
        #expect(Self.cases.count >= 20)
    }

    @Test(arguments: cases) func caseReadsAsExpected(name: String) throws {
        let folder = Self.root.appendingPathComponent(name)
        let parsed = DockerfileParser.parse(
            Array(try Data(contentsOf: folder.appendingPathComponent("Dockerfile"))), name: "Dockerfile")
        let diagnostics = DockerfileCheck.check(parsed)
        let expectedErrors = try? String(contentsOf: folder.appendingPathComponent("errors.txt"), encoding: .utf8)
        if let expectedErrors {
            #expect(diagnostics.map { $0.render(in: parsed.source) + "\n" }.joined(separator: "\n") == expectedErrors)
        } else {
            let expected = try String(contentsOf: folder.appendingPathComponent("ast.json"), encoding: .utf8)
            #expect(!diagnostics.hasErrors)
            #expect(parsed.json.serialized(indented: true) + "\n" == expected)
        }
    }
}
