import OCI
import Pipeline
import Testing

@Suite struct ExpansionTests {
    static let commit = "0123456789abcdef0123456789abcdef01234567"

    static func context(_ ref: String, trigger: String = "main", commitTime: Int64 = 1_795_435_200) throws -> RunContext
    {
        RunContext(
            trigger: try TriggerName(trigger), ref: try #require(RefName(full: ref)), commit: try CommitID(commit),
            commitTime: commitTime, run: 418)
    }

    @Test(arguments: [
        ("main-${sha7}", "refs/heads/main", "main-0123456"), ("${sha}", "refs/heads/main", commit),
        ("${branch.slug}", "refs/heads/main", "main"), ("${branch}", "refs/heads/a/b", "a/b"),
        ("${tag}", "refs/tags/v1.2.3", "v1.2.3"), ("${version}", "refs/tags/v1.2.3", "1.2.3"),
        ("${version.minor}", "refs/tags/v1.2.3", "1.2"), ("${version.major}", "refs/tags/1.2.3", "1"),
        ("${version}", "refs/tags/v2.0.0-rc.1", "2.0.0-rc.1"), ("${version.minor}", "refs/tags/v2.0.0-rc.1", nil),
        ("${version.major}", "refs/tags/v2.0.0-rc.1", nil), ("${version.minor}", "refs/tags/v3", "3.0"),
        ("n-${date}-${run}", "refs/heads/main", "n-20261123-418"), ("${trigger}", "refs/heads/main", "main"),
        ("$${x} $5 $", "refs/heads/main", "${x} $5 $"),
    ])
    func templatesExpand(template: String, ref: String, expected: String?) throws {
        #expect(try Self.context(ref).expand(Template(template)) == expected)
    }

    @Test(arguments: [
        ("${version}", "refs/tags/nightly"), ("${version}", "refs/tags/v1.2.3.4"), ("${version}", "refs/tags/v01.2"),
        ("${version}", "refs/tags/v1.2-"), ("${tag}", "refs/heads/main"), ("${branch}", "refs/tags/v1"),
    ])
    func missingValuesAreErrors(template: String, ref: String) throws {
        let context = try Self.context(ref)
        #expect(throws: PipelineError.self) { try context.expand(Template(template)) }
    }

    @Test(arguments: ["${", "${nope}", "${}", "${branch"]) func brokenTemplatesAreRefused(text: String) {
        #expect(throws: PipelineError.self) { try Template(text) }
    }

    @Test(arguments: [
        (0, "19700101"), (-1, "19691231"), (951_782_400, "20000229"), (4_107_542_400, "21000301"),
        (1_709_164_799, "20240228"), (1_709_164_800, "20240229"), (253_402_300_799, "99991231"),
    ])
    func dateIsTheCommitsDayInUTC(seconds: Int64, day: String) throws {
        #expect(try Self.context("refs/heads/main", commitTime: seconds).expand(Template("${date}")) == day)
    }

    @Test(arguments: ["main", "release-1.2", "a_b"]) func plainBranchIsItsOwnSlug(branch: String) throws {
        #expect(try Self.context("refs/heads/\(branch)").expand(Template("${branch.slug}")) == branch)
    }

    @Test(arguments: [
        "Feature/A", "feature/a", "-x", "ünï", "日本", "a$(id)b", "...dots", String(repeating: "long/", count: 40),
    ])
    func everySlugIsATag(branch: String) throws {
        guard let ref = RefName(full: "refs/heads/\(branch)") else {
            return #expect(branch == "...dots" || branch.hasSuffix("/"), "only these are no branch names")
        }
        let slug = try #require(try Self.context(ref.full).expand(Template("${branch.slug}")))
        #expect(ImageReference.isTag(slug) && slug.utf8.count <= 63 && slug == slug.lowercased())
        #expect(slug.suffix(8).allSatisfy { $0.isHexDigit })
    }

    @Test func differentBranchesHaveDifferentSlugs() throws {
        let slugs = try ["feature/a", "feature-a", "Feature/a", "feature//a".replacing("//", with: "/b/")].map {
            try #require(try Self.context("refs/heads/\($0)").expand(Template("${branch.slug}")))
        }
        #expect(Set(slugs).count == slugs.count)
    }

    static func pipeline(tags: String, trigger: String = "{ branch: \"**\" }") throws -> PipelineFile {
        let text = """
            schema: 1
            repo: https://git.example.org/team/web.git
            triggers: { main: \(trigger), other: { tag: "*" } }
            build: { args: { COMMIT: "${sha7}" } }
            images: { app: { target: app, push: 127.0.0.1:5000/web, tags: { main: \(tags) } } }
            """
        return try PipelineFile.parse(text, fileName: "web.yaml").file
    }

    @Test func planHoldsWhatTheTriggerAsksFor() throws {
        let plan = try Self.pipeline(tags: "[main, \"main-${sha7}\", main]".replacing(", main]", with: "]"))
            .plan(for: Self.context("refs/heads/main"))
        #expect(plan.images.map(\.references.first?.description) == ["127.0.0.1:5000/web:main"])
        #expect(plan.images[0].tags == ["main", "main-0123456"])
        #expect(plan.arguments.map(\.value) == ["0123456"])
        #expect(plan.epoch == 1_795_435_200)
        #expect(plan.dockerfile == "Dockerfile" && plan.context == "." && plan.network == .default)
    }

    @Test func imageWithoutTagsForTheTriggerIsBuiltButNotPushed() throws {
        let plan = try Self.pipeline(tags: "[main]").plan(for: Self.context("refs/tags/v1", trigger: "other"))
        #expect(plan.images.map(\.references) == [[]])
    }

    @Test func tagsUnfitForARegistryFailBeforeTheBuild() throws {
        let pipeline = try Self.pipeline(tags: "\"${branch}\"")
        let error = #expect(throws: PipelineError.self) { try pipeline.plan(for: Self.context("refs/heads/a/b")) }
        #expect(error?.code == .invalidTag)
        #expect(error?.message.contains("branch.slug") == true)
    }
}
