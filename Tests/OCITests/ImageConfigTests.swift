import OCI
import Testing

struct ImageConfigTests {
    private static let source = """
        {"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","author":"a","docker_version":"20.10",
         "config":{"Env":["PATH=/bin","A=b"],"Cmd":["sh"],"Healthcheck":{"Test":["CMD","x"]},
                   "ExposedPorts":{"80/tcp":{}},
                   "Labels":{"k":"v"},"User":"1:1","WorkingDir":"/w","OnBuild":["RUN x"]},
         "rootfs":{"type":"layers","diff_ids":["sha256:\(String(repeating: "0a", count: 32))"]},
         "history":[{"created":"2020-01-01T00:00:00Z","created_by":"/bin/sh"},{"empty_layer":true,"comment":"c"}]}
        """

    @Test func membersAreRead() throws {
        let config = try ImageConfig(parsing: Array(Self.source.utf8))
        #expect(config.platform == Platform(os: "linux", architecture: "amd64") && config.author == "a")
        #expect(config.environment == ["PATH=/bin", "A=b"] && config.command == ["sh"] && config.entrypoint == nil)
        #expect(config.user == "1:1" && config.workingDirectory == "/w" && config.labels == ["k": "v"])
        #expect(config[set: "ExposedPorts"] == ["80/tcp"] && config[set: "Volumes"] == [] && config.diffIDs.count == 1)
        #expect(config.history.map(\.isEmptyLayer) == [false, true])
    }

    @Test func membersNobodyKnowsSurviveAChange() throws {
        var config = try ImageConfig(parsing: Array(Self.source.utf8))
        config.user = ""
        config.environment += ["C=d"]
        config[set: "ExposedPorts"] += ["53/udp"]
        config.diffIDs.append(DiffID(.of([1])))
        config.history.append(HistoryEntry(createdBy: "RUN x"))
        let written = try ImageConfig(parsing: config.canonicalBytes)
        #expect(written.json["docker_version"]?.stringValue == "20.10" && written[runtime: "Healthcheck"] != nil)
        #expect(written[runtime: "OnBuild"]?.arrayValue?.count == 1 && written[runtime: "User"] == nil)
        #expect(written.environment.last == "C=d" && written[set: "ExposedPorts"] == ["53/udp", "80/tcp"])
        #expect(written.diffIDs.count == 2 && written.history.last?.createdBy == "RUN x")
        #expect(written.canonicalBytes == config.canonicalBytes)
    }

    @Test(arguments: [
        "[]", "{}", #"{"rootfs":{}}"#, #"{"rootfs":{"diff_ids":"x"}}"#, #"{"rootfs":{"diff_ids":[1]}}"#,
        #"{"rootfs":{"diff_ids":["sha256:../../x"]}}"#,
    ])
    func configWithoutProperDiffIDsIsRefused(text: String) {
        #expect(throws: OCIError.self) { try ImageConfig(parsing: Array(text.utf8)) }
    }

    @Test func emptyConfigNamesItsPlatform() throws {
        let config = ImageConfig(platform: Platform(os: "linux", architecture: "arm64"))
        #expect(
            String(decoding: config.canonicalBytes, as: UTF8.self)
                == #"{"architecture":"arm64","os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#)
    }
}
