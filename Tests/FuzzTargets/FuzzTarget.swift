/// What reads text and archives from strangers: the fuzzer and the replay of its corpus both go through here.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A bake file, HCL or JSON: its targets.
    case bake
    /// A compose file: its targets.
    case compose
    /// A Dockerfile: parser, stages, lint, diagnostics.
    case dockerfile
    /// Lines `NAME=value`, an empty line, a word.
    case expansion
    /// An ignore file, a line `--`, paths.
    case ignore
    /// A tar archive.
    case tar

    /// Reads the input as a build would. Mistakes in the input are fine; what breaks a promise of the reader throws.
    package func run(_ input: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .bake: try BakeFuzzing.run(input, named: "docker-bake.hcl")
        case .compose: try BakeFuzzing.run(input, named: "compose.yaml")
        case .dockerfile: try DockerfileFuzzing.run(input)
        case .expansion: try ExpansionFuzzing.run(input)
        case .ignore: try IgnoreFuzzing.run(input)
        case .tar: try TarFuzzing.run(input)
        }
    }

    /// Inputs made of many copies of this one, about `length` bytes: the time they take shows what is not linear.
    package func repetitions(of input: [UInt8], length: Int) -> [[UInt8]] {
        guard !input.isEmpty else { return [] }
        let copies = [[], [UInt8(ascii: "\n")]].map { separator in
            let unit = input + separator
            return Array(repeatElement(unit, count: max(1, length / unit.count)).joined())
        }
        return switch self {
        case .dockerfile: copies + [Array("FROM scratch\n".utf8) + copies[1]]
        case .bake: copies + [Array("x = [\n".utf8) + copies[1] + Array("\n]\n".utf8)]
        case .compose: copies + [Array("services:\n".utf8) + copies[1]]
        case .expansion: copies + [Array("a=b\n\n".utf8) + copies[0]]
        case .ignore: copies + [copies[1] + Array("--\na/b\n".utf8), Array("**/a*\n!b\n--\n".utf8) + copies[1]]
        case .tar: [copies[0]]
        }
    }
}

/// Something a reader guarantees for every input does not hold.
package struct BrokenPromise: Error, CustomStringConvertible {
    package let description: String
}

func promise(_ condition: Bool, _ text: @autoclosure () -> String) throws(BrokenPromise) {
    if !condition { throw BrokenPromise(description: text()) }
}
