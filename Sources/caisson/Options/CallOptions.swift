import ArgumentParser
import Build
import Dockerfile
import Linux
import OCI

/// A question about the Dockerfile in place of a build.
struct CallOptions: ParsableArguments {
    @Option(
        name: .customLong("call"),
        help: ArgumentHelp(
            "Answer a question about the Dockerfile and build nothing: check, outline, targets; ,format=json.",
            valueName: "method"))
    var call: String?
    @Flag(name: .customLong("check"), help: "The same as --call check.") var check = false

    /// nil if there is something to build.
    func question() throws -> DockerfileCall? {
        if check, let call, call != "check" {
            throw CommandFailure.usage("--check and --call \(call) are two questions; ask one")
        }
        guard let text = call ?? (check ? "check" : nil) else { return nil }
        // What other builders call no question.
        if text == "build" { return nil }
        guard let question = DockerfileCall(parsing: text) else {
            let methods = DockerfileCall.Method.allCases.map(\.rawValue)
            throw CommandFailure.usage(
                "--call does not know `\(text)`",
                hint: Suggestion.hint(for: text, among: methods)
                    ?? "use one of \(methods.joined(separator: ", ")), with ,format=json for machines")
        }
        return question
    }

    /// Prints the answer; one that reports errors fails.
    static func answer(
        _ question: DockerfileCall, about dockerfile: DockerfileStages, ignore: IgnoreFile?, target: String?,
        arguments: [String: String], platform: Platform, printsJSON: Bool, survey: PlanSurvey? = nil,
        progress: ProgressStyle
    ) throws {
        let question = DockerfileCall(question.method, printsJSON: question.printsJSON || printsJSON)
        var circumstances = DockerfileCall.Circumstances(
            target: target, buildArguments: arguments, platform: .init(of: platform),
            buildPlatform: .init(of: .current), ignore: ignore)
        circumstances.findings = survey?.findings ?? []
        for image in survey?.missing ?? [] { progress.warn(ofMissing: image, in: dockerfile.source) }
        let answer: DockerfileCall.Answer
        do { answer = try question.answer(about: dockerfile, in: circumstances) } catch {
            throw CommandFailure.usage(error.message, hint: error.hint)
        }
        StandardOutput.write(answer.text)
        if answer.isFailure { throw CommandFailure.silent }
    }
}

extension ProgressStyle {
    /// Says in a line that a check went without an image.
    fileprivate func warn(ofMissing image: Diagnostic, in source: SourceText) {
        let message = "checked without this image: \(image.message)"
        guard resolved != .json else {
            return JSONProgress().report(.warning(Diagnostic(.warning, message, at: image.range, hint: image.hint)))
        }
        let place = image.range.map { "\(source.name):\($0.start.line):\($0.start.column): " } ?? ""
        let hint = image.hint.map { "; \($0)" } ?? ""
        StandardError.write("warning: \(place)\(message)\(hint)\n")
    }
}
