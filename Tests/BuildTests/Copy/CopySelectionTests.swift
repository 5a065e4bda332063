import Archive
import Build
import Dockerfile
import Storage
import Testing

struct CopySelectionTests {
    static let tree = FileTree([
        .file("a.txt"), .file("b.txt"), .file("arr[0].txt"), .file("d/x.go"), .file("d/y.go"), .file("d/e/z.go"),
        .symlink("link", "d"), .symlink("outside", "../../../d/x.go"), .symlink("absolute", "/d"),
        .symlink("dangling", "nowhere"), .symlink("astray", "/etc"), .symlink("loop", "loop"), .file("ä.txt"),
        .file("star*"),
    ])

    @Test(arguments: [
        (["a.txt"], ["a.txt=a.txt"]),
        (["/a.txt"], ["a.txt=a.txt"]),
        (["./d//x.go"], ["x.go=d/x.go"]),
        (["../../a.txt"], ["a.txt=a.txt"]),
        (["d/../a.txt"], ["a.txt=a.txt"]),
        (["d/"], ["d=d"]),
        (["."], ["="]),
        ([""], ["="]),
        (["a.txt", "b.txt"], ["a.txt=a.txt", "b.txt=b.txt"]),
        (["link/x.go"], ["x.go=d/x.go"]),
        (["link"], ["link=d"]),
        (["absolute/e"], ["e=d/e"]),
        (["outside"], ["outside=d/x.go"]),
        (["*.txt"], ["a.txt=a.txt", "arr[0].txt=arr[0].txt", "b.txt=b.txt", "ä.txt=ä.txt"]),
        (["?.txt"], ["a.txt=a.txt", "b.txt=b.txt", "ä.txt=ä.txt"]),
        (["d/*.go"], ["x.go=d/x.go", "y.go=d/y.go"]),
        (["**/x.go"], ["x.go=absolute/x.go", "x.go=d/x.go", "x.go=link/x.go"]),
        (["arr[[]0].txt"], ["arr[0].txt=arr[0].txt"]),
        (["arr\\[0\\].txt"], ["arr[0].txt=arr[0].txt"]),
        (["star\\*"], ["star*=star*"]),
        (["l*/x.go"], ["x.go=d/x.go"]),
        (["no*"], []),
    ])
    func sourcesAreFound(_ sources: [String], _ expected: [String]) throws {
        let selection = try CopySelection(of: sources, in: Self.tree)
        let found = selection.items.map { "\(String(decoding: $0.name, as: UTF8.self))=\($0.path)" }
        // Through a link the file is the same whatever way led there.
        #expect(found.map(Self.canonical) == expected.map(Self.canonical))
    }

    private static func canonical(_ item: String) -> String {
        item.replacing("=link/", with: "=d/").replacing("=absolute/", with: "=d/")
    }

    @Test func aPatternWithoutAMatchIsNamed() throws {
        let selection = try CopySelection(of: ["no*", "a.txt"], in: Self.tree)
        #expect(selection.unmatched == [0])
        #expect(selection.items.count == 1)
    }

    @Test(arguments: [
        ("a.tyt", "`a.tyt` is not in the build context", "did you mean `a.txt`?"),
        ("d/x.goo", "`d/x.goo` is not in the build context", "did you mean `d/x.go`?"),
        ("nothing/like/it", "`nothing/like/it` is not in the build context", nil),
        (
            "dangling",
            "`dangling` is not in the build context: `dangling` is a symbolic link to `nowhere`, which is not there",
            nil
        ),
        (
            "astray/x",
            "`astray/x` is not in the build context: `astray` is a symbolic link to `/etc`, which is not there",
            "links are followed inside the build context alone"
        ),
        (
            ".git/HEAD", "`.git/HEAD` is not in the build context",
            "a context has the .git of a clone only with --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"
        ),
        ("--chmod=755", "`--chmod=755` is not in the build context", "flags stand before the sources"),
        (
            "ftp://x/y", "`ftp://x/y` is not in the build context", "ADD fetches http://, https://, git:// and ssh://"
        ),
        ("loop", "cannot copy `loop`: too many symbolic links on the way to `/loop`", nil),
        ("a.txt/x", "cannot copy `a.txt/x`: `/a.txt` is not a directory", nil),
    ])
    func aMissingSourceSaysWhatMayBeMeant(_ source: String, _ message: String, _ hint: String?) {
        let error = #expect(throws: CopyError.self) { try CopySelection(of: [source], in: Self.tree) }
        #expect(error?.message == message)
        if let hint { #expect(error?.hint == hint) }
    }

    @Test func aMissingSourceNamesTheIgnoreRuleThatHidesIt() {
        let ignore = IgnoreFile("*.log\nsecret\n")
        let error = #expect(throws: CopyError.self) {
            try CopySelection(of: ["secret/key"], in: Self.tree) { ignore.exclusion(of: $0) }
        }
        #expect(
            error?.message == "`secret/key` is not in the build context: excluded by .dockerignore line 2 (`secret`)")
        #expect(error?.hint == "add a line `!secret/key` to .dockerignore")
    }

    @Test func aLinkToWhatAnIgnoreRuleHidesNamesTheRule() {
        let ignore = IgnoreFile("nowhere\n")
        let error = #expect(throws: CopyError.self) {
            try CopySelection(of: ["dangling"], in: Self.tree) { ignore.exclusion(of: $0) }
        }
        #expect(
            error?.message == "`dangling` is not in the build context: `dangling` is a symbolic link to `nowhere`, "
                + "which is excluded by .dockerignore line 1 (`nowhere`)")
        #expect(error?.hint == "add a line `!nowhere` to .dockerignore")
    }

    @Test func aMissingSourceOfAStageDoesNotSpeakOfTheContext() {
        let error = #expect(throws: CopyError.self) {
            try CopySelection(of: ["x"], in: FileTree(), called: "the stage or image it is copied from")
        }
        #expect(error?.message == "`x` is not in the stage or image it is copied from")
    }
}
