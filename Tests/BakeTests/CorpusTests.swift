import Bake
import Foundation
import OCI
import Testing

/// Folders with the files of a project and `case.txt`: lines `target NAME`, `set T.K=V`, `env NAME=VALUE`,
/// `var NAME=VALUE`, `file NAME`. `expected.txt` is what `--print` says, or the error; `UPDATE_CORPUS=1 swift test`
/// writes it anew, for `git diff` to show.
@Suite struct CorpusTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    static let cases: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }()

    @Test func corpusIsThere() { #expect(Self.cases.count >= 30) }

    @Test(arguments: cases) func caseResolvesAsExpected(name: String) throws {
        let folder = Self.root.appending(path: name)
        let output = try Self.output(of: folder) + "\n"
        let expectation = folder.appending(path: "expected.txt")
        if ProcessInfo.processInfo.environment["UPDATE_CORPUS"] == "1" {
            try output.write(to: expectation, atomically: true, encoding: .utf8)
        }
        #expect(try output == String(contentsOf: expectation, encoding: .utf8))
    }

    private static func output(of folder: URL) throws -> String {
        let text = (try? String(contentsOf: folder.appending(path: "case.txt"), encoding: .utf8)) ?? ""
        var words: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            words[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
        func pairs(_ word: String) -> [String: String] {
            let pairs = (words[word] ?? []).map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
            return Dictionary(pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { $1 }
        }
        let names = words["file"] ?? BakeSource.usualNames
        let sources = names.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).map { BakeSource(name: name, bytes: [UInt8]($0)) }
        }
        let environment = BakeEnvironment(
            variables: pairs("env"), given: pairs("var"),
            builtins: ["BAKE_CMD_CONTEXT": "cwd://", "BAKE_LOCAL_PLATFORM": "linux/amd64"], now: 1_700_000_000,
            variableFile: (try? Data(contentsOf: folder.appending(path: ".env"))).map {
                BakeSource(name: ".env", bytes: [UInt8]($0))
            })
        do {
            let definition = try BakeDefinition(sources, environment: environment)
            return try BakeSelection(words["target"] ?? [], of: definition, overrides: words["set"] ?? []).json
                .indentedText
        } catch { return "\(error)" }
    }
}
