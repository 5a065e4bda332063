// swift-tools-version: 6.2
import PackageDescription

// Every target sits in a ring; imports point down the rings only (Tests/ArchitectureTests holds the table).

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Targets without a single unsafe expression: the compiler holds them to it.
let safeSwift = swift + [.strictMemorySafety()]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "caisson",
    products: [
        .executable(name: "caisson", targets: ["caisson"]),
        .executable(name: "caisson-agent", targets: ["caisson-agent"]),
    ],
    dependencies: [
        // The command line: parsing, help, completion.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // FilePath and Errno without Foundation.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        // The logging interface of the server packages.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Runs and queue on one machine: SQLite with migrations.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The agent's HTTP API.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // Under Hummingbird: who is at the other end of a connection; names of header fields.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // Ordered start and graceful stop of the agent's services.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // MARK: C ring: a module map and typed shims each

        // liblzma: xz archives that ADD unpacks.
        .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        // libbz2: bzip2 archives that ADD unpacks.
        .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
        // Loads a shared library when one of its functions is first called.
        .target(name: "CLazyLibrary"),
        // libcurl: all HTTP.
        .target(name: "CCurl", dependencies: ["CLazyLibrary"]),
        // libgit2: mirrors, trees and blobs.
        .target(name: "CGit2", dependencies: ["CLazyLibrary"]),
        // libdeflate: gzip members, the same bytes on every CPU.
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        // zlib: streaming inflate of layers made by others.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // zstd: layers in and out.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        // libcrypto: SHA-256 at the speed of the CPU's own instructions.
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // libyaml: pipelines, compose files, specifications of devices.
        .target(name: "CYAML", dependencies: ["CLazyLibrary"]),
        // Kernel interfaces glibc does not wrap, and everything that runs between fork and exec.
        .target(name: "CLinux"),

        // MARK: Model ring: pure values

        // Digests, descriptors, manifests, configs, references; canonical JSON; where images come from and go to.
        .target(name: "OCI", dependencies: ["CCrypto"], swiftSettings: swift),
        // The Dockerfile language: parser, word expansion, heredocs, ignore files, diagnostics.
        .target(name: "Dockerfile", swiftSettings: safeSwift),

        // MARK: Platform ring: one owner for each kernel or library interface

        // Owned descriptors, mounts, namespaces, cgroups, child processes, locks, blocking threads.
        .target(name: "Linux", dependencies: ["CLinux", systemPackage], swiftSettings: swift),
        // libcurl on one thread: streaming, retries, redaction.
        .target(name: "HTTP", dependencies: ["CCurl", "Linux", systemPackage], swiftSettings: swift),
        // The tar format, compression.
        .target(
            name: "Archive", dependencies: ["CBzip2", "CDeflate", "CLzma", "CZlib", "CZstd", "Linux", systemPackage],
            swiftSettings: swift),
        // YAML documents as nodes with places.
        .target(name: "YAML", dependencies: ["CYAML"], swiftSettings: swift),
        // Mirrors, refs, fetch, trees and blobs by id.
        .target(
            name: "Git", dependencies: ["CCrypto", "CGit2", "CZlib", "HTTP", "Linux", systemPackage],
            exclude: ["README.md"], swiftSettings: swift),

        // MARK: Engine ring

        // Content store, layers (canonical tar + EROFS index), snapshotters, leases, fsck.
        .target(name: "Storage", dependencies: ["Archive", "Linux", "OCI", systemPackage], swiftSettings: swift),
        // One isolated, limited process with its output; runtime drivers; network modes.
        .target(
            name: "Sandbox", dependencies: ["Linux", "OCI", "YAML", systemPackage], exclude: ["README.md"],
            swiftSettings: swift
        ),
        // The distribution API: pull, push, mount, resume, authentication.
        .target(name: "Registry", dependencies: ["HTTP", "Linux", "OCI", systemPackage], swiftSettings: swift),
        // Contexts, planner, graph, cache keys, solver, operations, exporters.
        .target(
            name: "Build",
            dependencies: ["Archive", "Dockerfile", "Linux", "OCI", "Sandbox", "Storage", systemPackage],
            swiftSettings: safeSwift),
        // A ready engine: store, runtime, registries and git put together for both executables.
        .target(
            name: "Engine", dependencies: ["Build", "Git", "HTTP", "Linux", "Registry", "Sandbox", "Storage"],
            swiftSettings: safeSwift),

        // MARK: Service ring

        // Pipeline files: triggers, checks, images, tags; positions and diagnostics.
        .target(name: "Pipeline", dependencies: ["OCI", "YAML"], exclude: ["README.md"], swiftSettings: safeSwift),
        // Bake files: HCL, JSON and compose files as resolved targets.
        .target(name: "Bake", dependencies: ["Dockerfile", "OCI", "YAML"], swiftSettings: safeSwift),
        // Runs: state machine, queue with leases, SQLite store, logs on disk.
        .target(
            name: "Runs",
            dependencies: ["Linux", "OCI", "Pipeline", systemPackage, .product(name: "GRDB", package: "GRDB.swift")],
            exclude: ["README.md"], swiftSettings: safeSwift),
        // The agent: configuration, poll and work services, HTTP API.
        .target(
            name: "Agent",
            dependencies: [
                "Build", "Dockerfile", "Engine", "Git", "HTTP", "Linux", "OCI", "Pipeline", "Registry", "Runs", logging,
                systemPackage,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"], swiftSettings: safeSwift),

        // MARK: Executables

        // The command line.
        .executableTarget(
            name: "caisson",
            dependencies: [
                "Bake", "Build", "Dockerfile", "Engine", "Git", "HTTP", "Linux", "OCI", "Registry", "Sandbox",
                "Storage",
                systemPackage, argumentParser,
            ],
            swiftSettings: swift),
        // The daemon.
        .executableTarget(name: "caisson-agent", dependencies: ["Agent", argumentParser], swiftSettings: safeSwift),

        // MARK: Tests

        .testTarget(name: "ArchitectureTests", swiftSettings: swift),
        .testTarget(name: "OCITests", dependencies: ["OCI"], swiftSettings: swift),
        .testTarget(
            name: "DockerfileTests", dependencies: ["Dockerfile"], exclude: ["Corpus"], swiftSettings: swift),
        .testTarget(name: "LinuxTests", dependencies: ["Linux", systemPackage], swiftSettings: swift),
        .testTarget(name: "ArchiveTests", dependencies: ["Archive", "Linux"], swiftSettings: swift),
        .testTarget(
            name: "StorageTests", dependencies: ["Archive", "Linux", "OCI", "Storage", systemPackage],
            swiftSettings: swift),
        .testTarget(name: "SandboxTests", dependencies: ["Linux", "Sandbox"], swiftSettings: swift),
        // What tests talk to: an HTTP server that follows a script, a real registry process; archives to serve.
        .target(
            name: "TestServers", dependencies: ["Linux", systemPackage], path: "Tests/TestServers", swiftSettings: swift
        ),
        .testTarget(
            name: "HTTPTests", dependencies: ["CLazyLibrary", "HTTP", "Linux", "TestServers"], swiftSettings: swift),
        .testTarget(
            name: "RegistryTests", dependencies: ["HTTP", "Linux", "OCI", "Registry", "TestServers", systemPackage],
            swiftSettings: swift),
        // The process that libgit2's network side runs in, as the tests start it.
        .executableTarget(
            name: "git-helper", dependencies: ["Git"], path: "Tests/GitHelperProgram", swiftSettings: swift),
        .testTarget(
            name: "GitTests", dependencies: ["Git", "HTTP", "Linux", "TestServers", "git-helper", systemPackage],
            swiftSettings: swift),
        .testTarget(
            name: "BuildTests",
            dependencies: [
                "Archive", "Build", "Dockerfile", "Engine", "Linux", "OCI", "Registry", "Sandbox", "Storage",
                "TestServers", systemPackage,
            ],
            exclude: ["Corpus"], swiftSettings: swift),
        // Contexts that are elsewhere: repositories, URLs, archives, layouts.
        .testTarget(
            name: "ContextTests",
            dependencies: [
                "Archive", "Build", "Dockerfile", "Engine", "Git", "HTTP", "Linux", "OCI", "Registry", "Storage",
                "TestServers", "git-helper", systemPackage,
            ],
            swiftSettings: swift),
        .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: swift),
        .testTarget(
            name: "PipelineTests", dependencies: ["OCI", "Pipeline"], exclude: ["Corpus"], swiftSettings: swift),
        .testTarget(name: "BakeTests", dependencies: ["Bake", "OCI"], exclude: ["Corpus"], swiftSettings: swift),
        .testTarget(
            name: "RunsTests",
            dependencies: ["OCI", "Pipeline", "Runs", systemPackage, .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: swift),
        .testTarget(
            name: "AgentTests",
            dependencies: ["Agent", "HTTP", "OCI", "Pipeline", "Runs", "caisson-agent", logging, systemPackage],
            swiftSettings: swift),
        // What the fuzzer runs, and the replay of the inputs it kept (script/fuzz).
        .target(
            name: "FuzzTargets", dependencies: ["Archive", "Bake", "Dockerfile", "OCI"], path: "Tests/FuzzTargets",
            swiftSettings: swift),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], exclude: ["Corpus"], swiftSettings: swift),
        .testTarget(
            name: "ProgressTests", dependencies: ["Build", "Dockerfile", "Linux", "OCI", "caisson"],
            swiftSettings: swift),
        // Whole processes: the built executables against a real registry, real git and foreign tools.
        .testTarget(
            name: "EndToEndTests", dependencies: ["Linux", "OCI", "TestServers", "caisson", systemPackage],
            swiftSettings: swift),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)

// The fuzzer itself only builds with `--sanitize fuzzer`: no ordinary build may see it.
if Context.environment["CAISSON_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/CLibFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CLibFuzzer", "FuzzTargets"], path: "Tests/FuzzDriver",
            exclude: ["Dictionaries"], swiftSettings: swift),
    ]
}
