/// The target declarations of a `Package.swift`, read as text.
struct PackageManifest {
    struct Target: Equatable {
        let kind: String
        let name: String
        /// The comment line right above the declaration.
        let purpose: String?
        /// Names of targets of this package; products of other packages are left out.
        let dependencies: Set<String>
        /// A test target, or one that only tests use.
        let isTest: Bool
    }

    let targets: [Target]

    init(parsing source: String) {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmingPrefix(/\s+/) }
        let starts = lines.indices.filter { lines[$0].prefixMatch(of: Self.declaration) != nil }
        targets = starts.enumerated().compactMap { order, start in
            let end = order + 1 < starts.count ? starts[order + 1] : lines.endIndex
            let above = start > 0 ? lines[start - 1] : ""
            return Self.target(body: lines[start..<end].joined(separator: "\n"), above: above)
        }
    }

    private nonisolated(unsafe) static let declaration = /\.(target|executableTarget|systemLibrary|testTarget)\(/

    private static func target(body: String, above: Substring) -> Target? {
        guard let kind = body.prefixMatch(of: declaration), let name = body.firstMatch(of: /name: "([^"]+)"/) else {
            return nil
        }
        var dependencies: Set<String> = []
        if let list = body.firstMatch(of: /dependencies: \[/) {
            let rest = body[list.range.upperBound...].replacing(/\.product\([^)]*\)/, with: "")
            let names = rest.prefix { $0 != "]" }.matches(of: /"([^"]+)"/)
            dependencies = Set(names.map { String($0.output.1) })
        }
        let isPurpose = above.hasPrefix("// ") && !above.hasPrefix("// MARK")
        return Target(
            kind: String(kind.output.1), name: String(name.output.1),
            purpose: isPurpose ? String(above.dropFirst(3)) : nil,
            dependencies: dependencies, isTest: kind.output.1 == "testTarget" || body.contains("path: \"Tests/"))
    }
}
