import Glibc

/// How files are opened by those who do not import the C library.
package enum OpenFlags {
    package static let read: Int32 = O_RDONLY
    /// Opening a pipe does not wait for its other end.
    package static let readWithoutWaiting: Int32 = O_RDONLY | O_NONBLOCK
    package static let write: Int32 = O_WRONLY
    package static let directory: Int32 = O_RDONLY | O_DIRECTORY
    /// A place in the tree: a symbolic link there is the place itself.
    package static let place: Int32 = path | O_NOFOLLOW
    /// A new file for writing; one of that name is an error.
    package static let create: Int32 = O_RDWR | O_CREAT | O_EXCL
    /// A file for writing, emptied or made.
    package static let replace: Int32 = O_RDWR | O_CREAT | O_TRUNC
    /// A new file without a name, below the directory that is opened: it goes with its last descriptor.
    package static let unnamed: Int32 = O_RDWR | O_DIRECTORY | 0o20_000_000
}
