import Pipeline
import Runs
import Testing

@Suite struct RefComparisonTests {
    static let both = "main: { branch: main }, release: { tag: \"v*\" }"

    static func compare(
        _ heads: [RefName: CommitID], known: [RefName: CommitID], watched: Bool = true, triggers: String = both
    ) throws -> RefComparison {
        let file = try pipeline(triggers: triggers)
        let watches = file.triggers.map { WatchedTrigger(pipeline: file.name, trigger: $0.name, kind: $0.kind) }
        let observation = RefObservation(
            repository: try repository(), prefixes: file.refPrefixes, heads: heads, pipelines: [file])
        return RefComparison(observation, known: known, watched: watched ? Set(watches) : [])
    }

    @Test func firstPollBuildsBranchesButNotOldTags() throws {
        let heads = [try branch("main"): try commit(1), try tag("v1"): try commit(2)]
        let comparison = try Self.compare(heads, known: [:], watched: false)
        #expect(comparison.requests.map(\.ref) == [try branch("main")])
        #expect(comparison.newlyWatched.count == 2)
    }

    @Test func nothingNewMakesNothing() throws {
        let heads = [try branch("main"): try commit(1), try tag("v1"): try commit(2)]
        let comparison = try Self.compare(heads, known: heads)
        #expect(comparison.changes.isEmpty && comparison.requests.isEmpty && comparison.newlyWatched.isEmpty)
    }

    @Test func movedBranchAndNewTagAreBuilt() throws {
        let known = [try branch("main"): try commit(1), try tag("v1"): try commit(1)]
        let heads = [try branch("main"): try commit(2), try tag("v1"): try commit(1), try tag("v2"): try commit(2)]
        let comparison = try Self.compare(heads, known: known)
        #expect(comparison.requests.map(\.ref.full) == ["refs/heads/main", "refs/tags/v2"])
        #expect(comparison.requests.map(\.trigger.text) == ["main", "release"])
    }

    @Test func movedTagIsNotBuilt() throws {
        let comparison = try Self.compare([try tag("v1"): try commit(2)], known: [try tag("v1"): try commit(1)])
        #expect(comparison.requests.isEmpty)
        #expect(comparison.changes == [RefChange(ref: try tag("v1"), old: try commit(1), new: try commit(2))])
    }

    @Test func refsThatNoTriggerWantsAreNotBuilt() throws {
        let comparison = try Self.compare(
            [try branch("mainly"): try commit(1), try tag("x"): try commit(1)], known: [:])
        #expect(comparison.requests.isEmpty && comparison.changes.count == 2)
    }

    @Test func deletionCountsOnlyBelowThePolledPrefixes() throws {
        let known = [try branch("main"): try commit(1), try branch("other"): try commit(1)]
        let comparison = try Self.compare([:], known: known)
        #expect(comparison.changes == [RefChange(ref: try branch("main"), old: try commit(1), new: nil)])
    }

    @Test func oneRefMaySetOffSeveralTriggers() throws {
        let comparison = try Self.compare(
            [try branch("main"): try commit(1)], known: [:], triggers: "a: { branch: main }, b: { branch: \"*\" }")
        #expect(comparison.requests.map(\.trigger.text) == ["a", "b"])
    }

    @Test func triggerAddedLaterSeesItsRepositoryForTheFirstTime() throws {
        let heads = [try branch("main"): try commit(1), try tag("v1"): try commit(1)]
        let file = try pipeline()
        let observation = RefObservation(
            repository: try repository(), prefixes: file.refPrefixes, heads: heads, pipelines: [file])
        let main = WatchedTrigger(pipeline: file.name, trigger: try TriggerName("main"), kind: .branch)
        let comparison = RefComparison(observation, known: [try branch("main"): try commit(1)], watched: [main])
        #expect(comparison.requests.isEmpty)
        #expect(comparison.newlyWatched.map(\.trigger.text) == ["release"])
    }
}
