import Foundation
import Testing

/// The package as it stands on disk.
struct ArchitectureTests {
    private let sources: [SourceFile]
    private let tests: [SourceFile]
    private let manifest: PackageManifest

    init() throws {
        sources = try SourceFile.all(below: "Sources")
        tests = try SourceFile.all(below: "Tests")
        let text = try String(contentsOf: SourceFile.root.appending(path: "Package.swift"), encoding: .utf8)
        manifest = PackageManifest(parsing: text)
    }

    @Test func importsFollowTheTable() {
        #expect(!sources.isEmpty)
        report(sources.filter(\.isSwift).flatMap { Rules.imports(of: $0, allowed: .caisson) })
    }

    @Test func theTableOnlyPointsDown() {
        report(Rules.order(of: .caisson))
    }

    @Test func dependenciesFollowTheTable() {
        let targets = manifest.targets.filter { !$0.isTest }
        report(targets.flatMap { Rules.dependencies(of: $0, allowed: .caisson) })
    }

    @Test func everyTargetSaysWhatItIsFor() {
        #expect(!manifest.targets.isEmpty)
        report(manifest.targets.flatMap(Rules.purpose))
    }

    /// Start-up time and size of `caisson` rest on this.
    @Test func commandLineReachesNeitherFoundationNorTheAgent() {
        let reached = AllowedImports.caisson.closure(of: "caisson")
        #expect(reached.intersection(["Foundation", "FoundationEssentials", "GRDB", "Hummingbird", "Agent"]) == [])
    }

    @Test func filesAreShort() {
        report((sources + tests).flatMap(Rules.length))
    }

    @Test func namesSayWhatIsInside() {
        report((sources + tests).flatMap { Rules.names(in: $0.path) })
    }

    private func report(_ violations: [Violation], at location: SourceLocation = #_sourceLocation) {
        for violation in violations { Issue.record("\(violation)", sourceLocation: location) }
    }
}
