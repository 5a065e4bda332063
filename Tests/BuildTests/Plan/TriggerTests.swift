import Build
import Dockerfile
import OCI
import Testing

/// ONBUILD, as far as planning goes.
struct TriggerTests {
    private func images(_ triggers: [String]) throws -> KnownImages {
        let texts = triggers.map { JSON.string($0).lineText }.joined(separator: ",")
        return KnownImages([
            "parent": try .sample(json: #"{"config":{"OnBuild":[\#(texts)]}}"#), "helper": try .sample(),
            "other": try .sample(json: #"{"config":{"OnBuild":["RUN from other"]}}"#),
        ])
    }

    @Test func triggersRunBeforeTheStagesOwnStepsAndAreCountedAmongThem() async throws {
        let plan = try await BuildPlan.of(
            "FROM parent\nRUN own", images: images(["RUN one", "ENV a=b", "COPY --chown=1:2 x /y", "WORKDIR /w"]))
        #expect(
            plan.steps.map { "\($0.index)/\($0.count) \($0.title)" } == [
                "1/4 ONBUILD RUN one", "2/4 ONBUILD COPY --chown=1:2 x /y", "3/4 ONBUILD WORKDIR /w", "4/4 RUN own",
            ])
        #expect(plan.steps.map(\.range.firstLine) == [1, 1, 1, 2])
        #expect(
            plan.history.suffix(5) == [
                "RUN /bin/sh -c one # buildkit", "ENV a=b", "COPY --chown=1:2 x /y # buildkit", "WORKDIR /w",
                "RUN /bin/sh -c own # buildkit",
            ])
        #expect(plan.runtime("OnBuild") == nil)
    }

    @Test func grandchildrenDoNotRunTriggersAgain() async throws {
        let plan = try await BuildPlan.of(
            "FROM parent AS child\nFROM child AS grandchild\nFROM grandchild", images: images(["RUN once"]))
        #expect(plan.runs.count == 1)
        #expect(plan.steps.map(\.stage) == ["child"])
    }

    @Test func triggersOfAStageFireInThoseThatStartFromIt() async throws {
        let plan = try await BuildPlan.of(
            "FROM scratch AS a\nONBUILD RUN twice\nFROM a AS b\nFROM a AS c\nCOPY --from=b / /\n")
        #expect(plan.runs.count == 1)
        let parent = try await BuildPlan.of("FROM scratch AS a\nONBUILD RUN twice\nFROM a") { $0.targets = ["a"] }
        #expect(parent.steps.isEmpty)
        #expect(parent.runtime("OnBuild") == ["RUN twice"])
        #expect(parent.history.isEmpty)
    }

    @Test func triggersTakeFilesFromTheChildsStagesAndFromNewImages() async throws {
        let images = try images(["COPY --from=lib /x /x", "RUN --mount=from=helper,target=/h cp /h/y /y"])
        let plan = try await BuildPlan.of("FROM scratch AS lib\nCOPY f /x\nFROM parent", images: images)
        #expect(images.resolved == ["helper", "parent"])
        #expect(plan.steps.map(\.title).contains("ONBUILD COPY --from=lib /x /x"))
        let number = try await BuildPlan.of(
            "FROM scratch\nCOPY f /x\nFROM parent", images: self.images(["COPY --from=0 /x /x"]))
        #expect(number.steps.count == 2)
    }

    @Test func hereDocumentsOfTriggersKeepTheirBodies() async throws {
        let text = "ONBUILD COPY <<a <<-'b' /x/\none $v\na\n\ttwo $v\n\tb\nONBUILD RUN <<E\nrun\nE\n"
        let plan = try await BuildPlan.of("FROM scratch AS p\n\(text)FROM p\nRUN true") {
            $0.buildArguments = ["v": "1"]
        }
        let copy = try #require(plan.copies.first)
        #expect(copy.inlineFiles.map(\.name) == ["a", "b"])
        #expect(copy.inlineFiles.map { String(decoding: $0.bytes, as: UTF8.self) } == ["one \n", "two $v\n"])
        #expect(plan.runs.first?.arguments == ["/bin/sh", "-c", "run\n"])
    }

    @Test func aNamedContextInThePlaceOfAStageBringsItsOwnTriggers() async throws {
        let images = try images([])
        let plan = try await BuildPlan.of("FROM scratch AS a\nONBUILD RUN of the stage\nFROM a", images: images) {
            guard let reference = try? ImageReference(parsing: "other") else { return }
            $0.namedContexts = NamedContexts(["a": .image(reference, images)])
        }
        #expect(plan.steps.map(\.title) == ["ONBUILD RUN from other"])
    }

    @Test(
        arguments: [
            ("COPY --from=late /x /", "stage `late` needs to be defined before this one"),
            ("COPY --from=child /x /", "the stage `child` cannot be its own source"),
            ("COPY --from=0 /x /", "stage 0 needs to be defined before this one"),
            ("COPY --from=7 /x /", "there is no stage 7"),
            ("RUN --mount=from=late,target=/x true", "stage `late` needs to be defined before this one"),
            ("FROM scratch", "FROM is not allowed as a trigger"),
            ("ONBUILD RUN x", "ONBUILD is not allowed as a trigger"), ("NOPE x", "unknown instruction `NOPE`"),
            ("RUN a\nRUN b", "it is more than one instruction"), ("", "it is no instruction"),
            ("USER $none", "the user is empty"), ("COPY --chmod=9 a b", "invalid mode `9`"),
        ])
    func aTriggerThatCannotRunIsShownAtItsFrom(_ trigger: String, _ message: String) async throws {
        let images = try images([trigger])
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("# the child\nFROM parent AS child\nFROM scratch AS late\n", images: images) {
                $0.targets = ["child"]
            }
        }
        guard case .dockerfile(let diagnostics, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let text = diagnostics.map(\.message).joined()
        #expect(text.hasPrefix("the ONBUILD trigger `"), "\(text)")
        #expect(text.contains("` of `parent`"), "\(text)")
        #expect(text.hasSuffix(message), "\(text)")
        #expect(diagnostics[0].range?.start == SourcePosition(line: 2, column: 6))
    }
}
