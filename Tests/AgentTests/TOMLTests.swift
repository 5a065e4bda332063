import Agent
import Foundation
import HTTP
import Pipeline
import SystemPackage
import Testing

/// The TOML of agent.conf, seen through the configuration that comes out.
@Suite struct TOMLTests {
    static func configuration(_ text: String, environment: [String: String] = [:]) throws -> AgentConfiguration {
        try AgentConfiguration(
            parsing: ConfigSource(name: "agent.conf", text: text, secretWords: ["password"]),
            in: .init(folder: "/etc/caisson", environment: environment))
    }

    @Test(arguments: [
        "[agent]\nname = \"a b\"", "[agent]\r\nname = \"a b\"\r\n", "agent.name = 'a b'", "agent = { name = \"a b\" }",
        "\"agent\".'name' = \"a\\u0020b\"", "[ agent ] # comment\n  name\t=\t\"a b\" # comment",
        "[agent]\nname = '''\na b'''",
        "[agent]\nname = \"\"\"\\\n   a b\"\"\"", "[agent]\nname = \"a\\x20b\"".replacing("\\x20", with: "\\U00000020"),
    ])
    func stringsAndKeysInEveryForm(text: String) throws {
        #expect(try Self.configuration(text).agent.name == "a b")
    }

    @Test(arguments: [("0x10", 16), ("0o20", 16), ("0b10000", 16), ("1_6", 16), ("+16", 16), ("16", 16)])
    func integersInEveryForm(text: String, value: Int) throws {
        #expect(try Self.configuration("queue.slots = \(text)").queue.slots == value)
    }

    @Test(arguments: [("0.5", 0.5), ("5e-1", 0.5), ("1", 1), ("0.1_5", 0.15)])
    func numbersInEveryForm(text: String, value: Double) throws {
        #expect(try Self.configuration("git.jitter = \(text)").git.jitter == value)
    }

    @Test func arraysSpanLines() throws {
        let text = "[agent]\npipelines = [ # folders\n  '/a',\n  \"/b\", # last\n]\n"
        #expect(try Self.configuration(text).agent.pipelines == ["/a", "/b"])
    }

    @Test func tablesOfAnArrayFollowEachOther() throws {
        let text = """
            [[registry]]
            host = "one.example.org"
            [registry.auth]
            user = "u"
            password.env = "P"
            [[registry]]
            host = "two.example.org:5000"
            plain_http = true
            """
        let registries = try Self.configuration(text, environment: ["P": "x"]).registries
        #expect(registries.map(\.host) == ["one.example.org", "two.example.org:5000"])
        #expect(registries.map(\.plainHTTP) == [nil, true])
        #expect(registries[0].credentials?.password.revealed() == "x")
    }

    @Test(arguments: [
        ("[agent]\nname = \"a\"\nname = \"b\"", "3:1", "given more than once"),
        ("[agent]\n[agent]", "2:2", "defined twice"), ("agent.name = 'a'\n[agent]", "2:2", "defined twice"),
        ("agent = { name = 'a' }\n[agent.x]", "2:2", "cannot be added to"), ("[agent]\nname = ", "2:8", "missing"),
        ("[agent]\nname = a", "2:8", "quotes"), ("[agent]\nname = \"a", "2:10", "closing"),
        ("[agent", "1:7", "ends with"), ("[agent]\nname \"a\"", "2:6", "expected `=`"),
        ("[agent] x", "1:9", "unexpected"),
        ("[agent]\nname = \"\\q\"", "2:9", "unknown escape"), ("[agent]\nname = \"\\ud800\"", "2:9", "Unicode"),
        ("queue.slots = 012", "1:15", "not a value"), ("queue.slots = 1__0", "1:15", "not a value"),
        ("queue.slots = .5", "1:15", "not a value"), ("queue.slots = 1979-05-27", "1:15", "not a value"),
        ("a = [1 2]", "1:8", "expected `,`"), ("a = {b = 1, }", "1:13", "expected a key"),
        ("a = \(String(repeating: "[", count: 5000))", "1:37", "nested"), ("= 1", "1:1", "expected a key"),
        ("a = \"x\ty\u{1}\"", "1:9", "control"),
    ])
    func syntaxErrorsHaveAPlace(text: String, place: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try Self.configuration(text) }
        #expect(error?.diagnostics.count == 1)
        #expect(error?.description.hasPrefix("agent.conf:\(place): ") == true, "\(error?.description ?? "")")
        #expect(error?.diagnostics.first?.message.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<200) func noInputCrashesTheReader(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let pieces = [
            "a", "=", "[", "]", "{", "}", "\"", "'", "'''", "\"\"\"", "\n", " ", ".", ",", "#", "\\", "1", "-", "é",
            "\0",
        ]
        let text = (0..<60).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return pieces[Int((state >> 33) % UInt64(pieces.count))]
        }.joined()
        _ = try? Self.configuration(text)
    }
}
