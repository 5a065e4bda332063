import Glibc
import Linux
import OCI
import SystemPackage

extension Store {
    /// Everything in the store that goes or stays as a whole, least recently used first. Blocks.
    package func items() throws -> [StoreItem] {
        let plan = CollectionPlan(try StoreInventory(of: self))
        return plan.candidates().map { plan.item($0.content) }
    }

    /// What the store takes on disk. Blocks.
    package func usage() throws -> StoreUsage {
        var usage = StoreUsage()
        var everything = DiskUsage()
        for name in try StoreDirectory.names(in: root) {
            let before = everything.allocated
            try everything.add(root.appending(name))
            usage.directories[name] = everything.allocated - before
        }
        usage.total = everything.allocated
        usage.reclaimable = try collect(CollectionPolicy(takesAll: true), now: Int64(time(nil)), isDryRun: true).freed
        return usage
    }

    /// Removes what `policy` says, least recently used first, as of `now` (seconds since 1970). Blocks.
    ///
    /// Nothing goes that a running build needs, in whatever process: builds may start and end meanwhile. Killed at any
    /// instant, this leaves a sound store.
    package func collect(_ policy: CollectionPolicy, now: Int64, isDryRun: Bool = false) throws -> CollectionReport {
        var decisions = try CollectionDecisions(policy, of: self, now: now)
        decisions.decide()
        if isDryRun { return decisions.report }
        try session.noteTemporaries()
        return try CollectionRun(store: self).carryOut(decisions)
    }

    /// Whether no other process has the store open.
    func isAlone() throws -> Bool {
        let own = session.name.split(separator: "-").prefix(2)
        return try Session.sweep(root.appending("leases")).alive.allSatisfy {
            $0.split(separator: "-").prefix(2).elementsEqual(own)
        }
    }
}

/// A policy applied to an inventory.
struct CollectionDecisions {
    private(set) var report = CollectionReport()
    private(set) var files: [CollectionPlan.Files] = []
    /// The references the decisions are based on.
    let images: [StoreInventory.Image]
    private let policy: CollectionPolicy
    private let now: Int64
    private var plan: CollectionPlan
    private var size: Int64

    init(_ policy: CollectionPolicy, of store: Store, now: Int64) throws {
        self.policy = policy
        self.now = now
        let inventory = try StoreInventory(of: store)
        images = inventory.images
        plan = CollectionPlan(inventory)
        size = try DiskUsage.of(store.root)
        report.sizeBefore = size
    }

    mutating func decide() {
        for candidate in plan.candidates() {
            let item = plan.item(candidate.content)
            guard policy.kinds.contains(item.kind), let reason = reason(for: item) else { continue }
            if item.hold != nil {
                report.held.append(item)
                continue
            }
            // Gone with another item already.
            if case .layer = candidate.content, item.size == 0 { continue }
            if case .blob = candidate.content, item.size == 0 { continue }
            files.append(plan.remove(candidate.content))
            report.removals.append(Removal(item: item, reason: reason))
            size -= item.size
        }
    }

    private func reason(for item: StoreItem) -> String? {
        if item.kind == .work { return "left by a process that died" }
        // Small, and what says afterwards that something was removed.
        if item.kind == .journal, policy.keepsFor == nil, policy.kinds.count > 1 { return nil }
        if policy.takesAll { return "everything was asked for" }
        let age = now - item.lastUsed
        if let keepsFor = policy.keepsFor, age > keepsFor { return "not used for \(Self.duration(age))" }
        if let maximum = policy.maximumSize, size > maximum {
            return "the store is \(size - maximum) bytes too large, this was used longest ago"
        }
        if policy.isBounded { return nil }
        switch item.kind {
        case .layer, .blob: return "no step and no image needs it"
        case .damaged: return "put aside as damaged"
        case .step, .image, .mount, .git, .journal, .work: return nil
        }
    }

    static func duration(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let (unit, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / unit
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }

    /// What really went of the removals, by position.
    func report(of done: [Bool]) -> CollectionReport {
        var result = report
        result.removals = zip(report.removals, done).filter(\.1).map(\.0)
        return result
    }
}
