import Dockerfile
import Testing

@Suite struct StageTests {
    @Test func stagesAreCountedAndNamedInLowerCase() {
        let file = stages("ARG x\nFROM a AS Build\nRUN 1\nFROM b\nFROM c as test\nRUN 2\nRUN 3")
        #expect(file.globalArguments.count == 1)
        #expect(file.stages.map(\.name) == ["build", nil, "test"])
        #expect(file.stages.map(\.index) == [0, 1, 2])
        #expect(file.stages.map(\.instructions.count) == [1, 0, 2])
    }

    @Test func stageReferencesIgnoreCaseAndMayBeNumbers() {
        let file = stages("FROM a AS B\nFROM b AS c\nCOPY --from=STAGE x y")
        #expect(file.stage("b")?.index == 0)
        #expect(file.stage("B")?.index == 0)
        #expect(file.stage("1")?.index == 1)
        #expect(file.stage("2") == nil)
        #expect(file.stage("c", before: 1) == nil)
        #expect(file.stage(named: "1") == nil)
    }

    @Test func ofSeveralStagesWithOneNameTheLastBeforeCounts() {
        let file = stages("FROM a AS b\nFROM b AS b\nFROM b")
        #expect(errors("FROM a AS b\nFROM b AS b\nFROM b") == [])
        #expect(file.stage(named: "b", before: 1)?.index == 0)
        #expect(file.stage(named: "b", before: 2)?.index == 1)
    }

    @Test(arguments: [
        ("FROM a\nCOPY --from=0 x y", "stage 0 needs to be defined before this one"),
        ("FROM a\nCOPY --from=7 x y", "there is no stage 7"),
        ("FROM a\nCOPY --from=late x y\nFROM b AS Late", "stage `late` needs to be defined before this one"),
        ("FROM a AS me\nCOPY --from=me x y", "the stage `me` cannot be its own source"),
        (
            "FROM a\nRUN --mount=from=late,target=/x y\nFROM b AS late",
            "stage `late` needs to be defined before this one"
        ),
    ])
    func sourcesMustBeEarlierStages(text: String, message: String) {
        #expect(errors(text) == [message])
    }

    @Test func earlierStagesImagesAndContextsAreFineSources() {
        #expect(
            errors(
                "FROM a AS x\nFROM b\nCOPY --from=X a b\nCOPY --from=0 a b\nCOPY --from=busybox:1 a b\nRUN --mount=from=0,target=/x y"
            ) == [])
    }
}

@Suite struct MountTests {
    private func mount(_ text: String, _ values: [String: String] = [:]) throws -> Mount? {
        guard case .run(let run)? = instructions("RUN --mount=\(text) x").first, let option = run.mounts.first else {
            return nil
        }
        return try option.mount { word throws(ExpansionError) in try WordExpander().expand(word, lookup: { values[$0] })
        }
    }

    @Test func bindIsTheDefaultAndReadOnly() throws {
        let found = try #require(try mount("target=/x,source=y,from=stage"))
        #expect(found.kind == .bind && found.isReadOnly && found.source == "y" && found.from == "stage")
        #expect(try mount("dst=/x,rw")?.isReadOnly == false)
        #expect(try mount("destination=/x,readwrite=false")?.isReadOnly == true)
    }

    @Test func cacheOptionsAreRead() throws {
        let found = try #require(
            try mount("type=cache,id=$i,target=./x,sharing=locked,mode=0700,uid=1,gid=2", ["i": "c"]))
        #expect(found.kind == .cache && found.id == "c" && found.target == "./x" && found.sharing == .locked)
        #expect(found.mode == 0o700 && found.uid == 1 && found.gid == 2 && !found.isReadOnly)
    }

    @Test func secretsAndAgentsAreRead() throws {
        let secret = try #require(try mount("type=secret,source=key,env=KEY,required"))
        #expect(secret.id == "key" && secret.environmentVariable == "KEY" && secret.isRequired)
        #expect(try mount("type=ssh")?.kind == .ssh)
        #expect(try mount("type=tmpfs,target=/t,size=128m")?.size == 128 << 20)
    }

    @Test func quotedValuesMayHoldCommas() throws {
        #expect(try mount(#"'target=/x,"source=a,b"'"#)?.source == "a,b")
    }

    @Test(arguments: [
        ("type=bimd,target=/x", "unknown type `bimd`", "did you mean `bind`?"),
        ("type=cache,targte=/x", "unknown mount option `targte`", "did you mean `target`?"),
        ("source=x", "a bind mount needs a target", "add target=PATH"),
        ("target=/", "nothing can be mounted over `/`", nil),
        ("target=/x,size=1", "`size` does not go with a bind mount", nil),
        ("type=tmpfs,target=/x,mode=755", "`mode` does not go with a tmpfs mount", nil),
        ("type=secret,id=a,from=b", "`from` does not go with a secret mount", nil),
        ("target=/x,from=$y", "from= takes no variables", "add a stage with FROM $y AS name and mount from that name"),
        ("type=cache,target=/x,mode=999", "invalid mode `999`", "use octal digits up to 7777"),
        ("target=/x,ro=maybe", "`ro` is either true or false, not `maybe`", nil),
        ("type=secret", "a secret mount needs an id", nil),
        ("target", "the mount option `target` has no value", "write target=value"),
    ])
    func wrongMountsAreExplained(text: String, message: String, hint: String?) {
        let found = stages("FROM a\nRUN --mount=\(text) x").diagnostics
        #expect(found.map(\.message) == [message])
        #expect(found.map(\.hint) == [hint])
    }
}
