import Bake
import OCI

enum BakeFuzzing {
    static func run(_ input: [UInt8], named name: String) throws(BrokenPromise) {
        let environment = BakeEnvironment(
            variables: ["A": "1", "TAG": "v1,v2"], builtins: ["BAKE_CMD_CONTEXT": "cwd://"])
        do {
            let definition = try BakeDefinition([BakeSource(name: name, bytes: input)], environment: environment)
            let selection = try BakeSelection(
                ["*"], of: definition, overrides: ["*.args.X=y", "*.platform+=linux/arm64"])
            try check(selection, environment)
        } catch let error as BakeError {
            try check(error)
        } catch let broken as BrokenPromise {
            throw broken
        } catch {
            throw BrokenPromise(description: "an error of another kind: \(error)")
        }
    }

    private static func check(_ error: BakeError) throws(BrokenPromise) {
        let text = error.description
        try promise(!error.message.isEmpty, "an error without a message")
        guard error.place != nil else { return }
        let hidden = text.unicodeScalars.contains {
            $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t"
        }
        try promise(!hidden, "a message with control characters")
    }

    /// What is printed means the same as a bake file, unless it has templates where they are not escaped.
    private static func check(_ selection: BakeSelection, _ environment: BakeEnvironment) throws {
        let printed = selection.json.indentedText
        _ = try JSON(parsing: Array(printed.utf8))
        guard !printed.utf8.contains(UInt8(ascii: "$")), !printed.utf8.contains(UInt8(ascii: "%")),
            !selection.targets.contains(where: { $0.name == "//" })
        else { return }
        let again = try BakeDefinition([BakeSource(name: "docker-bake.json", text: printed)], environment: environment)
        let names = selection.targets.map(\.name)
        // Where a target has the name of the group that is printed for all names, it brings the others before they are
        // asked for: targets are built side by side, their order says nothing.
        let second = try BakeSelection(names, of: again).targets.sorted { $0.name < $1.name }
        try promise(second.map(\.name) == names.sorted(), "other targets than were printed")
        for (a, b) in zip(selection.targets.sorted { $0.name < $1.name }, second) {
            try promise(a.map(.args) == b.map(.args), "other arguments of `\(a.name)` than were printed")
            try promise(a.fields(.cacheFrom) == b.fields(.cacheFrom), "other caches of `\(a.name)` than were printed")
            try promise(a.fields(.output) == b.fields(.output), "other outputs of `\(a.name)` than were printed")
        }
    }
}
