import Foundation
import Pipeline
import Testing

/// `Corpus/good` holds files that must parse; each file of `Corpus/bad` stands beside the output it must give, which
/// `UPDATE_CORPUS=1 swift test` writes anew, for `git diff` to show.
@Suite struct CorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    static func files(_ kind: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: kind).path)
            .filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test(arguments: try files("good")) func goodFilesParseWithoutRemarks(name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "good/\(name)"), encoding: .utf8)
        let parsed = try PipelineFile.parse(text, fileName: "pipelines/\(name)")
        #expect(parsed.warnings.isEmpty)
        #expect(parsed.file.name.text + ".yaml" == name)
    }

    @Test(.timeLimit(.minutes(1)), arguments: try files("bad")) func badFilesAreExplained(name: String) throws {
        let bytes = try [UInt8](Data(contentsOf: Self.folder.appending(path: "bad/\(name)")))
        let error = #expect(throws: ConfigError.self) {
            try PipelineFile.parse(ConfigSource.decode(bytes, name: "pipelines/\(name)"))
        }
        let expectation = Self.folder.appending(path: "bad/\(name.dropLast(5)).expected")
        let output = (error?.description ?? "") + "\n"
        if ProcessInfo.processInfo.environment["UPDATE_CORPUS"] == "1" {
            try output.write(to: expectation, atomically: true, encoding: .utf8)
        }
        #expect(try output == String(contentsOf: expectation, encoding: .utf8))
    }
}
