import Dockerfile

enum Spelling {
    static func hint(for name: String, among known: some Sequence<String>) -> String? {
        Suggestion.hint(for: name, among: known.inOrder())
    }
}
