/// One thing a host must have for sandboxes to work, and whether it has it.
package struct HostCheck: Hashable, Sendable {
    package let name: String
    package let isMet: Bool
    /// What was found: versions, paths, the kernel's own words.
    package let detail: String
    /// What to do if it is not met; empty otherwise.
    package let remedy: String

    package init(_ name: String, isMet: Bool, detail: String, remedy: String) {
        self.name = name
        self.isMet = isMet
        self.detail = detail
        self.remedy = isMet ? "" : remedy
    }
}
