package import Linux

/// What a step reads.
package enum SandboxInput: Sendable {
    /// The end of the file at once.
    case none
    /// What this descriptor gives, until its end. The step has a pipe and never the descriptor itself; what it leaves
    /// unread may be read all the same.
    case stream(SharedDescriptor)
    /// The program has a terminal of its own for its three streams, and this one is its keyboard and the size of its
    /// window: raw while the step runs, and as it was before on every way out. What the program writes is standard
    /// output.
    case terminal(Terminal)
}
