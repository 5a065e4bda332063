import Dockerfile
import Testing

/// What `--call outline` and `--call targets` answer.
@Suite struct OutlineTests {
    private static let text = """
        # VERSION is what to build
        ARG VERSION=1
        ARG UNUSED=2
        FROM base:$VERSION AS common
        ARG TARGETARCH
        RUN --mount=type=secret,id=npm --mount=type=cache,target=/cache true

        # tools are not needed
        FROM common AS tools
        ARG TOOL=x
        RUN --mount=type=secret,id=other true

        # release is what ships
        FROM common AS Release
        # MODE of the program
        ARG MODE=fast-$VERSION LEVEL
        ARG VERSION
        ARG NAME=app-$VERSION
        RUN --mount=type=secret,id=npm,required --mount=type=ssh --mount=from=assets,target=/a make
        COPY --from=assets /x /

        FROM scratch AS assets
        """

    private func outline(_ target: String?, _ arguments: [String: String] = [:]) throws -> DockerfileOutline {
        let file = stages(
            Self.text.replacing("COPY --from=assets /x /\n", with: "").replacing("from=assets", with: "from=common"))
        let stage = try file.target(target)
        return try DockerfileOutline(
            file, target: stage, buildArguments: arguments,
            platform: PlatformArguments(target: amd64, build: amd64, stage: stage.name))
    }

    @Test func argumentsAreThoseOfTheTargetAndWhatItNeeds() throws {
        let found = try outline("release")
        #expect(found.description == "is what ships")
        #expect(found.stages.map(\.name) == ["common", "release"])
        #expect(found.arguments.map(\.name) == ["VERSION", "TARGETARCH", "MODE", "LEVEL", "NAME"])
        #expect(found.arguments.map(\.value) == ["1", "amd64", "fast-", nil, "app-1"])
        #expect(found.arguments.map(\.description) == ["is what to build", nil, "of the program", nil, nil])
        #expect(found.arguments.map(\.range.firstLine) == [2, 5, 16, 16, 18])
    }

    @Test func buildArgumentsDecideValues() throws {
        let found = try outline("release", ["VERSION": "7", "LEVEL": "3"])
        #expect(found.arguments.map(\.value) == ["7", "amd64", "fast-", "3", "app-7"])
    }

    @Test func secretsAreRequiredIfAnyMountSaysSo() throws {
        let found = try outline("release")
        #expect(found.secrets.map(\.id) == ["npm"] && found.secrets.map(\.isRequired) == [true])
        #expect(found.secrets[0].range.firstLine == 6)
        #expect(found.agents.map(\.id) == ["default"] && found.agents.map(\.isRequired) == [false])
        #expect(found.caches == ["/cache"])
        #expect(try outline("tools").secrets.map(\.isRequired) == [false, false])
    }

    @Test func targetsAreTheNamedStagesAndTheLast() {
        let found = DockerfileTargets(stages("# a is one\nFROM x AS a\nFROM a AS b\n# b again\nFROM y AS b\nFROM $z"))
        #expect(found.targets.map(\.stage.index) == [0, 2, 3])
        #expect(found.targets.map(\.description) == ["is one", "again", nil])
        #expect(found.targets.map(\.base) == ["x", "y", "$z"])
        #expect(
            found.text
                == "TARGET                DESCRIPTION\na                     is one\nb                     again\n(unnamed) (default)\n"
        )
    }

    @Test func tablesAndDocumentsSayTheSame() throws {
        let found = try outline("release", ["LEVEL": "3"])
        #expect(
            found.text == """
                TARGET:        release
                DESCRIPTION:   is what ships

                BUILD ARG    VALUE   DESCRIPTION
                VERSION      1       is what to build
                TARGETARCH   amd64
                MODE         fast-   of the program
                LEVEL        3
                NAME         app-1

                SECRET   REQUIRED
                npm      true

                SSH       REQUIRED
                default   false

                CACHE
                /cache

                """)
        #expect(
            found.json.serialized().contains(
                #"{"name":"MODE","description":"of the program","value":"fast-","location":{"ranges":[{"start":{"line":16},"end":{"line":16}}]}}"#
            ))
        #expect(found.json.serialized().contains(#""secrets":[{"name":"npm","required":true,"#))
    }

    @Test func unknownTargetIsAnsweredWithTheNearest() {
        let file = stages("FROM a AS build\nFROM b AS release")
        let error = #expect(throws: UnknownTarget.self) { try file.target("relaese") }
        #expect(error?.hint == "did you mean `release`?")
        let far = #expect(throws: UnknownTarget.self) { try file.target("x") }
        #expect(far?.hint == "its stages are: build, release")
    }

    @Test(
        arguments: [
            ("check", DockerfileCall(.check)), ("outline,format=json", DockerfileCall(.outline, printsJSON: true)),
            ("targets,format=text", DockerfileCall(.targets)), ("lint", nil), ("check,json", nil),
            ("check,format=json,x", nil),
        ] as [(String, DockerfileCall?)])
    func callsAreRead(text: String, call: DockerfileCall?) {
        #expect(DockerfileCall(parsing: text) == call)
    }

    @Test(arguments: [
        ("FROM a\nCMD x", 0), ("# check=error=true\nFROM a\nCMD x", 1), ("FROM a\nCMDD x\nRUNN y", 2),
    ])
    func checkFailsWithErrorsOnly(text: String, errors: Int) throws {
        let circumstances = DockerfileCall.Circumstances(platform: amd64, buildPlatform: amd64)
        #expect(try DockerfileCall(.check).answer(about: stages(text), in: circumstances).errorCount == errors)
        let outline = try DockerfileCall(.outline).answer(about: stages("FROM a\nCMDD x"), in: circumstances)
        #expect(outline.isFailure && outline.text.contains("CMDD"))
    }

    /// What a stage starts from may hang on them, and with it which variables are set.
    @Test func checkLooksAtTheFileWithItsBuildArguments() throws {
        let file = stages("ARG BASE=other\nFROM scratch AS own\nENV here=1\nFROM $BASE\nUSER $here$gone")
        let found = try [[:], ["BASE": "own"]].map { arguments in
            let circumstances = DockerfileCall.Circumstances(
                buildArguments: arguments, platform: amd64, buildPlatform: amd64)
            return try DockerfileCall(.check).answer(about: file, in: circumstances).text
        }
        #expect(found[0] == "Dockerfile: nothing to report\n")
        #expect(found[1].hasPrefix("Dockerfile:5:6: warning: nothing sets the variable `gone` [UndefinedVar]"))
    }

    @Test func buildArgumentReplacesTheCheckOfTheFile() throws {
        let file = stages("# check=skip=all\nFROM a\nCMD x")
        let circumstances = DockerfileCall.Circumstances(
            buildArguments: ["BUILDKIT_DOCKERFILE_CHECK": "error=true"], platform: amd64, buildPlatform: amd64)
        let answer = try DockerfileCall(.check, printsJSON: true).answer(about: file, in: circumstances)
        #expect(answer.errorCount == 1 && answer.text.contains("JSONArgsRecommended"))
    }
}
