import Testing

/// The rules on small inputs: each must find what it is there to find.
struct RuleTests {
    private let table = AllowedImports(["Model": [], "Linux": ["Glibc"], "Store": ["Model", "Linux"]])

    @Test(arguments: [
        ("import OCI", "OCI"),
        ("package import Storage", "Storage"),
        ("internal import CCurl  // why", "CCurl"),
        ("  @preconcurrency import Dispatch", "Dispatch"),
        ("@_spi(Testing) public import Yams", "Yams"),
        ("import struct SystemPackage.FilePath", "SystemPackage"),
        ("import protocol Foundation.NSCopying", "Foundation"),
        ("import Foundation.NSDate", "Foundation"),
    ])
    func importLineNamesItsModule(line: String, module: String) {
        #expect(ImportStatement.parse(line) == [ImportStatement(module: module, line: 1)])
    }

    @Test(arguments: [
        "// import OCI",
        "/// import OCI",
        "/*|import OCI|*/",
        "let text = \"\"\"|    import OCI|    \"\"\"",
        "importer.run()",
        "let important = 1",
    ])
    func textThatIsNoImportIsNone(source: String) {
        #expect(ImportStatement.parse(source.replacing("|", with: "\n")) == [])
    }

    @Test func importOutsideTheTableIsFound() {
        let file = SourceFile(path: "Sources/Store/A.swift", text: "import Model\n\nimport Foundation\nimport Glibc\n")
        #expect(
            Rules.imports(of: file, allowed: table) == [
                Violation(place: "Sources/Store/A.swift:3", message: "`Store` imports `Foundation`"),
                Violation(place: "Sources/Store/A.swift:4", message: "`Store` imports `Glibc`"),
            ])
    }

    @Test func allowedImportsAreNoViolation() {
        let file = SourceFile(path: "Sources/Linux/A.swift", text: "import Glibc\nimport Synchronization\n")
        #expect(Rules.imports(of: file, allowed: table) == [])
    }

    @Test func targetOutsideTheTableIsFound() {
        let file = SourceFile(path: "Sources/Extra/A.swift", text: "")
        #expect(Rules.imports(of: file, allowed: table).count == 1)
    }

    @Test func arrowThatPointsUpIsFound() {
        let upward = AllowedImports(["Model": ["Store"], "Store": ["Model"]])
        #expect(Rules.order(of: upward).map(\.place) == ["Model"])
        #expect(Rules.order(of: AllowedImports(["Model": ["Model"]])).count == 1)
    }

    @Test func closureFollowsTargets() {
        #expect(table.closure(of: "Store") == ["Model", "Linux", "Glibc"])
    }

    @Test func manifestDeclarationsAreRead() {
        let manifest = PackageManifest(
            parsing: """
                targets: [
                    // MARK: Model

                    // Pure values.
                    .target(name: "Model", swiftSettings: swift),
                    .target(
                        name: "Store",
                        dependencies: [
                            "Model", logging, .product(name: "GRDB", package: "GRDB.swift"),
                        ]),
                    // MARK: C
                    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
                    .testTarget(name: "StoreTests", dependencies: ["Store"]),
                    .target(name: "Fixtures", path: "Tests/Fixtures"),
                ]
                """)
        #expect(
            manifest.targets == [
                .init(kind: "target", name: "Model", purpose: "Pure values.", dependencies: [], isTest: false),
                .init(kind: "target", name: "Store", purpose: nil, dependencies: ["Model"], isTest: false),
                .init(kind: "systemLibrary", name: "CZlib", purpose: nil, dependencies: [], isTest: false),
                .init(kind: "testTarget", name: "StoreTests", purpose: nil, dependencies: ["Store"], isTest: true),
                .init(kind: "target", name: "Fixtures", purpose: nil, dependencies: [], isTest: true),
            ])
        #expect(manifest.targets.flatMap(Rules.purpose).map(\.place) == ["Store", "CZlib"])
    }

    @Test func dependencyOutsideTheTableIsFound() {
        let target = PackageManifest.Target(
            kind: "target", name: "Linux", purpose: nil, dependencies: ["Glibc", "Store"], isTest: false)
        #expect(Rules.dependencies(of: target, allowed: table).map(\.message) == ["depends on `Store`"])
    }

    @Test func fileLengthIsCountedInLines() {
        let longest = String(repeating: "\n", count: Rules.longestFile)
        #expect(Rules.length(of: SourceFile(path: "Sources/Model/A.swift", text: longest)) == [])
        #expect(Rules.length(of: SourceFile(path: "Sources/Model/A.swift", text: longest + "\n")).count == 1)
    }

    @Test(arguments: [
        ("Sources/Utils/A.swift", 1),
        ("Sources/Build/StringHelpers.swift", 1),
        ("Sources/Build/Digest+Utilities.swift", 1),
        ("Sources/Agent/RunManager.swift", 1),
        ("Sources/Build/Common/Misc.swift", 2),
        ("Sources/Build/CommonAncestor.swift", 0),
        ("Sources/Build/Solver.swift", 0),
    ])
    func emptyNamesAreFound(path: String, count: Int) {
        #expect(Rules.names(in: path).count == count)
    }
}
