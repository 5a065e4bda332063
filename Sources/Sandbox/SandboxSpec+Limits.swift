package import Linux

extension SandboxSpec {
    package struct Limits: Hashable, Sendable {
        /// Bytes, swap included.
        package var memory: UInt64?
        /// In processors; may be a fraction.
        package var processors: Double?
        /// Processes and threads.
        package var processes: UInt64?
        package var time: Duration?
        /// Hard limit of open files per process; the soft limit is 1024.
        package var openFiles: UInt64
        /// Bytes that /dev/shm holds.
        package var sharedMemory: UInt64
        /// Besides those above, and instead of what a step has otherwise.
        package var resources: [ResourceLimit: Bounds]

        /// `UInt64.max` is no limit.
        package struct Bounds: Hashable, Sendable {
            package var soft: UInt64
            package var hard: UInt64

            package init(soft: UInt64, hard: UInt64) {
                self.soft = soft
                self.hard = hard
            }
        }

        package init(
            memory: UInt64? = nil, processors: Double? = nil, processes: UInt64? = 4096, time: Duration? = nil,
            openFiles: UInt64 = 524_288, sharedMemory: UInt64 = 64 << 20, resources: [ResourceLimit: Bounds] = [:]
        ) {
            self.memory = memory
            self.processors = processors
            self.processes = processes
            self.time = time
            self.openFiles = openFiles
            self.sharedMemory = sharedMemory
            self.resources = resources
        }
    }
}
