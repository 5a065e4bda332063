extension OpenFlags {
    /// A place in the tree, not its contents: opens what may not be read and wakes no device.
    package static let path: Int32 = 0x20_0000
}
