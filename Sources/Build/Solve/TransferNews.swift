/// Tells what is new of transfers that several steps wait for: each of them hears of all that happens, or has happened.
package struct TransferNews: Sendable {
    private struct Name: Hashable {
        let phase: Transfer.Phase
        let name: String
    }

    private var latest: [Name: Transfer] = [:]

    package init() {}

    package mutating func isNew(_ transfer: Transfer) -> Bool {
        let name = Name(phase: transfer.phase, name: transfer.name)
        if let known = latest[name] {
            guard !known.isFinished else { return false }
            guard transfer.isFinished || transfer.completed > known.completed else { return false }
        }
        latest[name] = transfer
        return true
    }
}
