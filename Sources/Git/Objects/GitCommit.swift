/// What a commit says about itself. Names and message are the author's text: data, to be shown escaped.
package struct GitCommit: Hashable, Sendable {
    package let id: CommitID
    /// The id of its root tree.
    package let tree: ObjectID
    package let parents: [CommitID]
    package let author: Signature
    package let committer: Signature
    /// The first line of the message, at most 500 characters.
    package let summary: String

    package struct Signature: Hashable, Sendable {
        package let name: String
        package let email: String
        /// Seconds since 1970.
        package let time: Int64
    }

    /// The modification time of everything in a context of this commit, and its `SOURCE_DATE_EPOCH`; at least 1, since
    /// some tools take 0 for "unknown".
    package var commitTime: Int64 { max(1, committer.time) }
}
