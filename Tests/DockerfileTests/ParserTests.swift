import Dockerfile
import Testing

@Suite struct ParserTests {
    @Test func instructionNamesIgnoreCaseAndLeadingBlanks() {
        let parsed = DockerfileParser.parse("\tFrom scratch\n  run true\n", name: "Dockerfile")
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.instructions.map(\.keyword) == [.from, .run])
    }
}
