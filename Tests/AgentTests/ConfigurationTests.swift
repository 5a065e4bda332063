import Agent
import Foundation
import HTTP
import Pipeline
import SystemPackage
import Testing

@Suite struct ConfigurationTests {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func referenceHoldsTheDefaults() throws {
        let text = try String(contentsOf: Self.root.appending(path: "agent.conf"), encoding: .utf8)
        var expected = AgentConfiguration()
        expected.agent.pipelines = ["/etc/caisson/pipelines"]
        #expect(try TOMLTests.configuration(text) == expected)
        #expect(try TOMLTests.configuration("") == expected)
    }

    @Test func referenceNamesEveryKey() throws {
        let text = try String(contentsOf: Self.root.appending(path: "agent.conf"), encoding: .utf8)
        // An unknown key makes the reader list the known ones.
        for section in ["agent", "http", "queue", "limits", "git", "sandbox", "log"] {
            let error = #expect(throws: ConfigError.self) { try TOMLTests.configuration("[\(section)]\n\"?\" = 1") }
            let hint = try #require(error?.diagnostics.first?.hint)
            for key in hint.dropFirst("known keys: ".count).split(separator: ", ") {
                let written = "(?m)^\(key) = "
                #expect(text.range(of: written, options: .regularExpression) != nil, "\(key) of [\(section)]")
            }
        }
    }

    @Test func commentedRegistriesAreRight() throws {
        let text = try String(contentsOf: Self.root.appending(path: "agent.conf"), encoding: .utf8)
        let start = try #require(text.range(of: "# [[registry]]"))
        let example = String(text[start.lowerBound...]).replacing("# ", with: "").replacing("#\n", with: "\n")
            .replacing("{ file = \"registry.password\" }", with: "{ env = \"P\" }")
        #expect(try TOMLTests.configuration(example, environment: ["P": "x"]).registries.count == 2)
    }

    @Test func examplePipelinesAreRight() throws {
        let folder = FilePath(Self.root.appending(path: "pipelines").path)
        let pipelines = try Pipelines.load(from: [folder], allowing: AgentConfiguration().git.schemes)
        #expect(pipelines.files.map(\.name.text) == ["nightly", "onboarding", "team"])
        #expect(pipelines.warnings.isEmpty)
    }

    @Test func everyValueArrives() throws {
        let configuration = try TOMLTests.configuration(
            """
            [agent]
            name = "ci-1"
            data = "data"
            pipelines = ["/srv/pipelines", "more"]
            [http]
            listen = "[::1]:0"
            socket = ""
            [queue]
            slots = 8
            lease = "30s"
            renew = "5s"
            stop_timeout = "1m"
            retry = { infra = 5, backoff = "1s..2s" }
            [limits]
            time = "1h"
            memory = "512MiB"
            cpus = 0.5
            pids = 100
            log = "1MiB"
            store = "50GiB"
            [git]
            interval = "5s"
            max_interval = "1m"
            jitter = 0
            timeout = "3s"
            connections = 4
            schemes = ["http", "file"]
            [sandbox]
            network = "none"
            [log]
            level = "debug"
            format = "json"
            """)
        #expect(configuration.agent.data == "/etc/caisson/data")
        #expect(configuration.agent.pipelines == ["/srv/pipelines", "/etc/caisson/more"])
        #expect(configuration.http.listen == ListenAddress(host: "::1", port: 0) && configuration.http.socket == nil)
        #expect(configuration.queue.slots == 8 && configuration.queue.retryBackoff == .seconds(1)...Duration.seconds(2))
        #expect(configuration.queue.stopTimeout == .seconds(60) && configuration.queue.retryAttempts == 5)
        #expect(configuration.limits.store?.bytes == 50 << 30)
        #expect(configuration.limits.log.bytes == 1 << 20 && configuration.limits.processes == 100)
        #expect(
            configuration.git.schemes == [.http, .file])
        #expect(configuration.sandbox.network == .none && configuration.log.level == .debug)
    }

    @Test(arguments: [
        (
            "[agnet]\n",
            "agent.conf:1:2: unknown key `agnet` in the configuration\n  1 | [agnet]\n    |  ^^^^^ did you mean `agent`?"
        ),
        (
            "[queue]\nslot = 3",
            "agent.conf:2:1: unknown key `slot` in [queue]\n  2 | slot = 3\n    | ^^^^ did you mean `slots`?"
        ),
        (
            "[queue]\nslots = 0",
            "agent.conf:2:9: `slots` of [queue] is 0, but must be between 1 and 256\n  2 | slots = 0\n    |         ^"
        ),
    ])
    func mistakesAreShown(text: String, output: String) {
        let error = #expect(throws: ConfigError.self) { try TOMLTests.configuration(text) }
        #expect(error?.description == output)
    }

    @Test(arguments: [
        ("queue.renew = '40s'", "renewed at least twice"), ("queue.lease = '20s'", "renewed at least twice"),
        ("git.interval = '1h'", "below"), ("git.schemes = ['ext']", "must be"),
        ("http.listen = '8080'", "not an address"),
        ("queue.retry = { backoff = '5m..10s' }", "not a range"), ("schema = 2", "between 1 and 1"),
        ("[[registry]]\nplain_http = true", "no `host`"), ("[[registry]]\nhost = 'a/b'", "not a registry host"),
        ("[[registry]]\nhost = 'a'\n[[registry]]\nhost = 'a'", "more than once"), ("registry = {}", "must be a list"),
        ("[[registry]]\nhost = 'a'\nauth = { user = 'u', password = { file = 'no/such' } }", "cannot read the secret"),
        ("[[registry]]\nhost = 'a'\nauth = { user = 'u', password = { env = 'NO_SUCH' } }", "is not set"),
        ("[[registry]]\nhost = 'a'\nauth = { user = 'u', password = {} }", "either"), ("log.level = 'loud'", "must be"),
    ])
    func wrongValuesAreRefused(text: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try TOMLTests.configuration(text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "password = 'hunter2'", "password = hunter2", "password = 'hunter2' x", "password = { fiel = 'hunter2' }",
    ])
    func secretsAreNeverShown(line: String) {
        let error = #expect(throws: ConfigError.self) {
            try TOMLTests.configuration("[[registry]]\nhost = 'a'\n[registry.auth]\nuser = 'u'\n\(line)")
        }
        #expect(error?.description.contains("hunter2") == false, "\(error?.description ?? "")")
    }

    @Test func secretsDoNotPrint() {
        let credentials = AgentConfiguration.RegistryCredentials(user: "u", password: Secret("hunter2"))
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(String(reflecting: credentials)) \(dumped)".contains("hunter2"))
    }

    @Test func environmentStandsAboveTheFile() throws {
        let environment = [
            "CAISSON__GIT__INTERVAL": "30s", "CAISSON__GIT__MAX_INTERVAL": "\"1h\"", "CAISSON__QUEUE__SLOTS": "7",
            "CAISSON__AGENT__PIPELINES": "['/p']", "CAISSON_AGENT": "http://127.0.0.1", "OTHER__GIT__INTERVAL": "1s",
        ]
        let configuration = try TOMLTests.configuration("[git]\ninterval = '5s'", environment: environment)
        #expect(configuration.git.interval == .seconds(30) && configuration.git.maximumInterval == .seconds(3600))
        #expect(configuration.queue.slots == 7 && configuration.agent.pipelines == ["/p"])
    }

    @Test func mistakesInTheEnvironmentSayWhereTheyAre() {
        let error = #expect(throws: ConfigError.self) {
            try TOMLTests.configuration("", environment: ["CAISSON__GIT__INTERVALL": "30s"])
        }
        #expect(error?.description.hasPrefix("environment: unknown key `intervall` in [git]") == true)
    }

    @Test func everyBrokenPipelineIsReported() throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("pipelines-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        try FileManager.default.createDirectory(atPath: folder.appending("b").string, withIntermediateDirectories: true)
        func write(_ name: String, _ repository: String) throws {
            let text = "schema: 1\nrepo: \(repository)\ntriggers: { main: { branch: main } }\nchecks: { a: a }\n"
            try text.write(toFile: folder.appending(name).string, atomically: true, encoding: .utf8)
        }
        try write("a.yaml", "http://git.example.org/a")
        try write("b.yml", "nonsense")
        try write("c.yaml", "https://git.example.org/c")
        try write("b/c.yaml", "https://git.example.org/c")
        try write("notes.txt", "nonsense")
        let error = #expect(throws: ConfigError.self) {
            try Pipelines.load(from: [folder, folder.appending("b")], allowing: [.https])
        }
        let messages = error?.diagnostics.map(\.message) ?? []
        #expect(messages.count == 3)
        #expect(messages.first == "repositories by `http` are not allowed")
        #expect(messages.last?.hasPrefix("pipeline `c` is also in ") == true)
        #expect(throws: ConfigError.self) { try Pipelines.load(from: [folder.appending("none")], allowing: [.https]) }
    }
}
