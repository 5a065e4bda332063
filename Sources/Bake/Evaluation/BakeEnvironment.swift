/// What a definition knows of the world around its files; nothing else is looked up.
package struct BakeEnvironment: Sendable {
    /// Of the process: gives variables their values, and a compose file's `${…}`.
    package var variables: [String: String]
    /// What was given by name; wins over the environment.
    package var given: [String: String]
    /// Names that are there without being declared.
    package var builtins: [String: String]
    /// Seconds since 1970: what `timestamp()` says.
    package var now: Int64
    /// The file `.env`, for compose files.
    package var variableFile: BakeSource?
    /// What evaluating the files may cost, a step being a value or a few bytes of text.
    package var stepLimit = 500_000

    package init(
        variables: [String: String] = [:], given: [String: String] = [:], builtins: [String: String] = [:],
        now: Int64 = 0, variableFile: BakeSource? = nil
    ) {
        self.variables = variables
        self.given = given
        self.builtins = builtins
        self.now = now
        self.variableFile = variableFile
    }

    /// A value for a variable from outside of the files.
    enum Given {
        case text(String)
        case json(String)
    }

    /// `NAME`, or `NAME_JSON` for what is no plain text.
    func value(of name: String) throws -> Given? {
        for source in [given, looksUpVariables ? variables : [:]] {
            switch (source[name], source[name + "_JSON"]) {
            case (_?, _?): throw BakeError("both `\(name)` and `\(name)_JSON` are given", hint: "keep one of them")
            case (let text?, nil): return .text(text)
            case (nil, let text?): return .json(text)
            case (nil, nil): continue
            }
        }
        return nil
    }

    /// What compose files see.
    var composeVariables: [String: String] { (looksUpVariables ? variables : [:]).merging(given) { $1 } }

    /// Other builders' switch.
    private var looksUpVariables: Bool {
        !["1", "t", "true"].contains(variables["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"]?.lowercased() ?? "")
    }
}
