import Dockerfile

enum DockerfileFuzzing {
    private static let ignore = IgnoreFile("*\n!src\nsrc/*.o\n!**/keep")

    static func run(_ input: [UInt8]) throws(BrokenPromise) {
        let parsed = DockerfileParser.parse(input, name: "Dockerfile")
        let stages = DockerfileStages(parsed)
        let diagnostics = DockerfileCheck.check(stages, ignore: ignore)
        for diagnostic in diagnostics { try checkPlace(diagnostic, in: parsed.source) }
        for diagnostic in diagnostics.prefix(20) { try checkText(diagnostic.render(in: parsed.source)) }
        _ = parsed.json.serialized()
        try promise(
            diagnostics.hasErrors || !stages.stages.isEmpty, "a file without stages and without errors")
        for instruction in stages.stages.flatMap(\.instructions) { try check(instruction, parsed.directives.escape) }
        if !stages.diagnostics.hasErrors { try checkCalls(about: stages) }
    }

    private static func checkCalls(about file: DockerfileStages) throws(BrokenPromise) {
        let platform = PlatformArguments.Platform(os: "linux", architecture: "amd64")
        let circumstances = DockerfileCall.Circumstances(platform: platform, buildPlatform: platform)
        for method in [DockerfileCall.Method.outline, .targets] {
            guard let answer = try? DockerfileCall(method).answer(about: file, in: circumstances) else {
                throw BrokenPromise(description: "a file without errors has no last stage")
            }
            try checkText(answer.text)
        }
    }

    private static func checkPlace(_ diagnostic: Diagnostic, in source: SourceText) throws(BrokenPromise) {
        guard let range = diagnostic.range else { return }
        let lines = 1...max(1, source.lineCount)
        try promise(
            range.start <= range.end && lines.contains(range.firstLine) && lines.contains(range.lastLine)
                && range.start.column >= 1,
            "`\(diagnostic.message)` stands at \(range), outside the file")
        guard source.lineCount > 0 else { return }
        let columns = source.offsets(ofLine: range.firstLine).count + 1
        try promise(range.start.column <= columns, "`\(diagnostic.message)` stands behind its line")
    }

    private static func checkText(_ text: String) throws(BrokenPromise) {
        let isClean = text.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar == "\t" || ![.control, .format].contains(scalar.properties.generalCategory)
        }
        try promise(isClean, "a diagnostic shows control characters")
    }

    private static func check(_ instruction: StageInstruction, _ escape: UInt8) throws(BrokenPromise) {
        switch instruction.instruction {
        case .run(let run):
            for mount in run.mounts { _ = try? mount.mount { $0.replacing("$", with: "x") } }
        case .onbuild(let onbuild):
            // The configuration keeps the text; the builds that start from the image read it again.
            let directive = escape == UInt8(ascii: "`") ? "# escape=`\n" : ""
            let again = DockerfileStages(
                DockerfileParser.parse(directive + "FROM scratch\n" + onbuild.text, name: "trigger"))
            try promise(
                again.stages.first?.instructions.map(\.keyword) == [onbuild.trigger.keyword],
                "the trigger `\(onbuild.text)` reads differently the second time: "
                    + again.diagnostics.map(\.message).joined(separator: ", "))
        case .copy(let copy): _ = copy.mode.map { FileModeChange($0.text)?.applied(to: 0o644, isDirectory: false) }
        default: break
        }
    }
}
