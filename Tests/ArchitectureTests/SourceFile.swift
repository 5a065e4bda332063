import Foundation

/// A file below `Sources/` or `Tests/`, named by its path from the package's root.
struct SourceFile {
    let path: String
    let text: String

    /// The folder below `Sources/` or `Tests/`, which is the target's name.
    var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }
}

extension SourceFile {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every source file below `folder` of this package.
    static func all(below folder: String) throws -> [SourceFile] {
        let base = root.appending(path: folder).resolvingSymlinksInPath()
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return try names.sorted().filter { [".swift", ".c", ".h"].contains(where: $0.hasSuffix) }.compactMap { name in
            // Corpora hold sources as data.
            guard !name.contains("/Corpus/"), !name.contains("/Fixtures/") else { return nil }
            let text = try String(contentsOf: base.appending(path: name), encoding: .utf8)
            return SourceFile(path: "\(folder)/\(name)", text: text)
        }
    }
}
