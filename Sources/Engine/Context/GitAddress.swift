import Archive
import Build
import Dockerfile
package import Git

/// A repository and what is wanted of it, as people write it: `https://host/x.git#ref:subdirectory`,
/// `https://host/x.git?branch=b&subdir=d`, `ssh://…`, `git@host:x.git`, `github.com/owner/x`.
package struct GitAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Ref: Hashable, Sendable {
        /// The branch that the server calls its default.
        case head
        /// A tag or a branch; a tag wins, as in git.
        case name(String)
        case branch(String)
        case tag(String)
        /// A full name, `refs/…`.
        case full(RefName)
        case commit(CommitID)
    }

    package var url: GitURL
    package var ref = Ref.head
    /// Below the repository's root, empty for the root itself.
    package var subdirectory = ""
    /// The first digits that the commit's id must have.
    package var checksum: String?
    /// nil where nothing is said.
    package var keepsGitDirectory: Bool?
    /// Off unless asked for: what a repository names as a submodule is somebody else's.
    package var hasSubmodules = false

    /// Whether `text` is to be read as a repository.
    package static func isAddress(_ text: String) -> Bool {
        RemoteSource.isGit(text) || text.hasPrefix("file://") || isShort(text)
    }

    /// `github.com/…`, which may as well be a directory: whoever takes both looks for that first.
    package static func isShort(_ text: String) -> Bool { text.hasPrefix("github.com/") }

    /// Throws `RemoteSourceError` for a malformed URL, a scheme outside `schemes`, and wishes that contradict each
    /// other.
    package init(parsing text: String, allowing schemes: Set<GitURL.Scheme>) throws {
        let text = Self.isShort(text) ? "https://" + text : text
        let (plain, fragment) = Self.split(text, at: "#")
        let (place, query) = Self.split(plain, at: "?")
        do { url = try GitURL.parse(String(place), allowing: schemes) } catch {
            throw RemoteSourceError(error.message)
        }
        var wishes = GitWishes(of: url)
        if let fragment { try wishes.read(fragment: fragment) }
        if let query { try wishes.read(query: query) }
        try wishes.apply(to: &self)
    }

    private static func split(_ text: some StringProtocol, at mark: Character) -> (Substring, Substring?) {
        let text = Substring(text)
        guard let index = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    /// Says that the commit's id must start with `digits`.
    package mutating func require(_ digits: String) throws {
        let digits = digits.lowercased()
        guard (7...64).contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw RemoteSourceError(
                "the checksum `\(digits)` is not the beginning of a commit's id",
                hint: "write at least seven hexadecimal digits of it")
        }
        if let checksum, !checksum.hasPrefix(digits), !digits.hasPrefix(checksum) {
            throw RemoteSourceError("\(url): two checksums contradict each other: `\(checksum)` and `\(digits)`")
        }
        checksum = [checksum ?? "", digits].max { $0.utf8.count < $1.utf8.count }
        // A commit that is known needs no ref to find it by.
        if ref == .head, let commit = CommitID(digits) { ref = .commit(commit) }
    }

    package var description: String {
        let name =
            switch ref {
            case .head: ""
            case .name(let name), .branch(let name), .tag(let name): name
            case .full(let name): name.text
            case .commit(let id): id.hex
            }
        if name.isEmpty, subdirectory.isEmpty { return "\(url)" }
        return "\(url)#\(name)" + (subdirectory.isEmpty ? "" : ":\(subdirectory)")
    }
}
