import Foundation
import Linux
import TestServers
import Testing

/// Dockerfiles as people write them, from the first line to an image in a registry that runs.
@Suite(.enabled(if: Requirements.examples, Requirements.examplesComment), .baseImages, .timeLimit(.minutes(10)))
struct RealisticTests {
    @Test func thereAreEnoughOfThem() { #expect(RealisticCase.all.count >= 30) }

    @Test(arguments: RealisticCase.all)
    func exampleGivesWhatItSays(_ example: RealisticCase) async throws {
        let bases = try #require(BaseImages.current)
        let expected = try example.expected()
        let image = try await example.build(with: bases)
        let contents = try await bases.contents(of: [image] + (expected.base.map { [$0] } ?? []))
        let result = try #require(contents[image])

        var changes = result.changes(from: expected.base.flatMap { contents[$0] })
        for (path, line) in expected.tree {
            let actual = changes.removeValue(forKey: path) ?? "as in the base"
            let isRight = line.hasSuffix("*") ? actual.hasPrefix(line.dropLast()) : actual == line
            #expect(isRight, "\(path) is \(actual), not \(line)")
        }
        for path in changes.keys.sorted() where !(expected.besides ?? []).contains(where: { matches(path, $0) }) {
            Issue.record("\(path): \(changes[path] ?? "")")
        }
        for (name, value) in expected.config { #expect(result.runtime[name] == value, "\(name)") }
        #expect(Set(result.runtime.keys) == Set(expected.config.keys))
        #expect(result.history.count == expected.history && result.history.layers == expected.layers)
        #expect(result.layers.count == expected.layers)
        guard let run = expected.run else { return }
        let output = try await bases.workspace.command(
            ["run", "\(bases.registry.host)/\(image)"] + (run.arguments ?? [])
        ).run()
        #expect(output.outputText == run.output, "\(output.errorText)")
    }

    @Test(
        .enabled(if: Requirements.isInstalled("buildah"), "buildah is not installed"),
        arguments: RealisticCase.all)
    func exampleIsWhatBuildahMakesOfIt(_ example: RealisticCase) async throws {
        let bases = try #require(BaseImages.current)
        if let reason = BuildahComparison.refusals[example.name] {
            let image = try await example.buildWithBuildah(bases)
            #expect(image == nil, "buildah builds it, though \(reason)")
            return
        }
        let ours = try await example.build(with: bases)
        let theirs = try #require(try await example.buildWithBuildah(bases), "buildah cannot build it")
        let contents = try await bases.contents(of: [ours, theirs])
        let (one, other) = (try #require(contents[ours]), try #require(contents[theirs]))
        let differences = ImageDifference.all(one, other)
        let everywhere = BuildahComparison.everywhere
        let explanations = (BuildahComparison.explanations + everywhere).filter { $0.example == example.name }
        for difference in differences where !(explanations + everywhere).contains(where: { $0.covers(difference) }) {
            Issue.record("\(difference)")
        }
        for explanation in explanations {
            #expect(
                differences.contains { explanation.covers($0) },
                "no longer so: \(explanation.subject), \(explanation.reason)")
        }
    }
}
