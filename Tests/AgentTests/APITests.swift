import Agent
import Foundation
import Pipeline
import Runs
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(2))) struct APITests {
    @Test func healthAndStatusAnswer() async throws {
        try await withFolder { folder in
            try await TestAgent.with([pipeline(), pipeline("other")], data: folder) { agent in
                #expect(try await agent.get("/healthz").status == 200)
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "succeeded")
                let status = try await agent.status()
                #expect(status.queue.slots == 2 && status.repositories.count == 2)
                #expect(status.pipelines.map(\.name) == ["other", "web"])
                #expect(status.pipelines.map(\.triggers) == [["main", "release"], ["main", "release"]])
                #expect(status.pipelines[0].lastRun == nil && status.pipelines[1].lastRun?.state == "succeeded")
            }
        }
    }

    @Test func listIsFilteredAndBounded() async throws {
        try await withFolder { folder in
            try await TestAgent.with([pipeline(), pipeline("other")], data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "succeeded")
                try await agent.servers.push(2, to: main, of: repository("other"))
                try await agent.wait(for: 2, "succeeded")
                #expect(try await agent.runs("?pipeline=other").map(\.id) == [2])
                #expect(try await agent.runs("?limit=1").map(\.id) == [2])
                #expect(try await agent.runs("?before=2").map(\.id) == [1])
                #expect(
                    try await agent.runs().allSatisfy {
                        $0.steps == nil && $0.stepCount == 1 && $0.cachedStepCount == 1
                    })
            }
        }
    }

    @Test(arguments: [
        ("/api/v1/runs/7", 404), ("/api/v1/runs/x", 404), ("/api/v1/runs/7/log", 404), ("/api/v1/runs?limit=0", 400),
        ("/api/v1/runs?limit=x", 400), ("/api/v1/runs?pipeline=A%20B", 400), ("/api/v1/nothing", 404), ("/", 404),
    ])
    func wrongRequestsAreAnswered(path: String, status: Int) async throws {
        try await withFolder { folder in
            try await TestAgent.with([], data: folder) { agent in
                let answer = try await agent.get(path)
                #expect(answer.status == status)
                if path.hasPrefix("/api/v1/runs") { #expect(try !answer.decode(ErrorView.self).error.message.isEmpty) }
            }
        }
    }

    @Test func logsAreTextAsAWholeByStepAndFollowed() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "running")
                async let followed = agent.get("/api/v1/runs/1/log?follow=1")
                async let step = agent.get("/api/v1/runs/1/log?follow=1&step=make")
                try await eventually { try await agent.get("/api/v1/runs/1/log").text.contains("building") }
                await executor.finish()
                let text = "#1 [app 1/1] RUN make\nbuilding 0000000\n#1 cached\nrun 1 succeeded\n"
                #expect(try await followed.text == text)
                #expect(try await step.text == "building 0000000\n")
                let answer = try await agent.get("/api/v1/runs/1/log")
                #expect(answer.text == text && answer.headers["Content-Type"] as? String == "text/plain; charset=utf-8")
                #expect(answer.headers["X-Content-Type-Options"] as? String == "nosniff")
                #expect(try await agent.get("/api/v1/runs/1/log?offset=\(text.utf8.count - 5)").text == "eded\n")
            }
        }
    }

    @Test func followedLogEndsWithARunThatNeverRan() async throws {
        try await withFolder { folder in
            let executor = FakeExecutor()
            try await executor.set(1, .hang)
            try await TestAgent.with([pipeline()], executor: executor, data: folder) { agent in
                try await agent.servers.push(1, to: main, of: repository())
                try await agent.wait(for: 1, "running")
                try await agent.servers.push(2, to: main, of: repository())
                try await agent.wait(for: 2, "queued")
                async let followed = agent.get("/api/v1/runs/2/log?follow=1")
                try await agent.servers.delete(main, of: repository())
                #expect(try await followed.text == "")
                await executor.finish()
            }
        }
    }

    @Test func triggerStartsARunOfWhereTheRefIsNow() async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.push(1, to: main, of: repository())
            try await servers.push(2, to: RefName(.tag, "v1"), of: repository())
            try await TestAgent.with([pipeline()], servers: servers, data: folder) { agent in
                try await agent.wait(for: 1, "succeeded")
                let first = try await agent.trigger(#"{"pipeline":"web"}"#)
                #expect(first.status == 201)
                let run: RunView = try first.decode()
                #expect(try run.cause == "manual" && run.trigger == "main" && run.commit == commit(1).hex)
                try await agent.wait(for: run.id, "succeeded")
                let tagged = try await agent.trigger(#"{"pipeline":"web","ref":"v1","token":"t"}"#)
                let again = try await agent.trigger(#"{"pipeline":"web","ref":"refs/tags/v1","token":"t"}"#)
                #expect(tagged.status == 201 && again.status == 200)
                #expect(try tagged.decode(RunView.self).id == again.decode(RunView.self).id)
                #expect(try tagged.decode(RunView.self).trigger == "release")
            }
        }
    }

    @Test(arguments: [
        (#"{"pipeline":"wbe"}"#, 404, "there are: web"), (#"{"pipeline":"web","ref":"none"}"#, 404, "has no `none`"),
        (#"{"pipeline":"web","ref":"other"}"#, 422, "no trigger"),
        (#"{"pipeline":"web","args":{}}"#, 400, "unknown key `args`"),
        (#"{"ref":"main"}"#, 400, "must be an object"), ("[]", 400, "must be an object"),
        ("", 400, "must be an object"),
        (#"{"pipeline":"web","ref":"a b"}"#, 400, "not the name"),
    ])
    func triggerExplainsWhatItCannotDo(body: String, status: Int, message: String) async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.push(1, to: RefName(.branch, "other"), of: repository())
            try await TestAgent.with([pipeline()], servers: servers, data: folder) { agent in
                let answer = try await agent.trigger(body)
                #expect(answer.status == status)
                #expect(try answer.decode(ErrorView.self).error.message.contains(message))
                #expect(try await agent.runs().isEmpty)
            }
        }
    }

    @Test func triggerSaysWhenTheServerIsDown() async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.breakDown(repository(), "connection refused")
            try await TestAgent.with([pipeline()], servers: servers, data: folder) { agent in
                let answer = try await agent.trigger(#"{"pipeline":"web"}"#)
                #expect(answer.status == 502 && answer.text.contains("connection refused"))
            }
        }
    }

    @Test(arguments: [
        ["Content-Type": "text/plain"], ["Content-Type": "application/x-www-form-urlencoded"],
        ["Origin": "http://evil.example.org"], ["Caisson-Request": ""], ["X-Forwarded-For": "203.0.113.7"],
        ["Forwarded": "for=203.0.113.7"], ["Host": "evil.example.org"],
    ])
    func webPagesCannotStartRuns(headers: [String: String]) async throws {
        try await withFolder { folder in
            let servers = FakeServers()
            try await servers.push(1, to: main, of: repository())
            try await TestAgent.with([pipeline()], servers: servers, data: folder) { agent in
                try await agent.wait(for: 1, "succeeded")
                var standard = ["Content-Type": "application/json", "Caisson-Request": "1"]
                for (name, value) in headers { standard[name] = value.isEmpty ? nil : value }
                let answer = try await agent.send(
                    "POST", "/api/v1/trigger", body: #"{"pipeline":"web"}"#, headers: standard)
                #expect(answer.status == 403 || answer.status == 415)
                #expect(try await agent.runs().count == 1)
            }
        }
    }

    @Test func otherHostNamesAreNotAnswered() async throws {
        try await withFolder { folder in
            try await TestAgent.with([], data: folder) { agent in
                let foreign = try await agent.get("/api/v1/status", headers: ["Host": "rebound.example.org"])
                let own = try await agent.get("/api/v1/status", headers: ["Host": "localhost:8080"])
                #expect(foreign.status == 403 && own.status == 200)
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl"), "needs curl"))
    func unixSocketAnswers() async throws {
        try await withFolder { folder in
            let socket = folder.appending("agent.sock").string
            try await TestAgent.with([pipeline()], data: folder) { _ in
                try await eventually { FileManager.default.fileExists(atPath: socket) }
                let process = Process()
                process.executableURL = URL(filePath: "/usr/bin/curl")
                process.arguments = [
                    "--silent", "--max-time", "20", "--unix-socket", socket, "http://agent/api/v1/status",
                ]
                let output = Pipe()
                process.standardOutput = output
                try process.run()
                process.waitUntilExit()
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                #expect(text.hasPrefix(#"{"agent":{"#))
            }
        }
    }
}
