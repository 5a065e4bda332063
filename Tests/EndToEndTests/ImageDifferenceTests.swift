import Foundation
import Testing

/// The comparison itself: it sees whatever two images do not have in common, and explains no more than it says.
struct ImageDifferenceTests {
    private static let ours = #"""
        {"config": {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=1", "B=2"], "User": "app"}},
         "layers": [], "tree": {"/bin": "directory 755 0:0", "/bin/tool": "file 755 0:0 \"x\""}}
        """#

    private static func contents(_ text: String) throws -> ImageContents {
        try JSONDecoder().decode(ImageContents.self, from: Data(text.utf8))
    }

    @Test(arguments: [
        (#"file 755 0:0 \"x\""#, #"file 755 0:0 \"y\""#, "/bin/tool", ImageDifference.Kind.changed),
        (#"file 755 0:0"#, #"file 644 0:0"#, "/bin/tool", .changed),
        (#"directory 755 0:0"#, #"directory 755 0:1"#, "/bin", .changed),
        (#""/bin": "#, #""/run": "directory 755 0:0", "/bin": "#, "/run", .onlyTheirs),
        (#""/bin": "directory 755 0:0", "#, "", "/bin", .onlyOurs),
        (#""A=1", "B=2""#, #""B=2", "A=1""#, "config.Env", .order),
        (#""A=1", "B=2""#, #""B=2", "A=3""#, "config.Env", .changed),
        (#""A=1", "B=2""#, #""A=1", "B=2", "B=2""#, "config.Env", .changed),
        (#", "User": "app""#, "", "config.User", .onlyOurs),
        (#""User": "#, #""Hostname": "h", "User": "#, "config.Hostname", .onlyTheirs),
        (#""amd64""#, #""arm64""#, "architecture", .changed),
    ])
    func whatDiffersIsFound(old: String, new: String, subject: String, kind: ImageDifference.Kind) throws {
        let theirs = Self.ours.replacingOccurrences(of: old, with: new)
        try #require(theirs != Self.ours)
        let differences = try ImageDifference.all(Self.contents(Self.ours), Self.contents(theirs))
        #expect(differences.map(\.subject) == [subject] && differences.map(\.kind) == [kind])
    }

    @Test func whatIsEqualIsNoDifference() throws {
        #expect(try ImageDifference.all(Self.contents(Self.ours), Self.contents(Self.ours)).isEmpty)
    }

    @Test func explanationIsForItsSubjectAndItsKindAlone() throws {
        let theirs = Self.ours.replacingOccurrences(of: "/bin/tool", with: "/run")
        let differences = try ImageDifference.all(Self.contents(Self.ours), Self.contents(theirs))
        #expect(differences.map(\.subject) == ["/bin/tool", "/run"])
        let explanation = BuildahComparison.Explanation("any", .onlyTheirs, "/run", "directories for mounts stay")
        #expect(differences.map(explanation.covers) == [false, true])
        let reverse = try ImageDifference.all(Self.contents(theirs), Self.contents(Self.ours))
        #expect(reverse.map(explanation.covers) == [false, false])
    }
}
