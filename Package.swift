// swift-tools-version: 6.2
import PackageDescription

// Debian's compiler finds hiredis without help, and hiredis.pc carries a flag that SwiftPM warns about;
// Homebrew's folder is on no default path, so there pkg-config is asked.
#if os(macOS)
    let hiredisPkgConfig: String? = "hiredis"
#else
    let hiredisPkgConfig: String? = nil
#endif

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "penstock",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Penstock", targets: ["Penstock"]),
        .executable(name: "penstock", targets: ["CLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // Hummingbird's own: the types of its requests and of the parts that a handler on its connections sees.
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CHiredis", pkgConfig: hiredisPkgConfig,
            providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .systemLibrary(
            name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(
            name: "Redis",
            dependencies: [
                "CHiredis", nioCore, nioPosix, logging,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "Functions",
            path: "lua",
            resources: [
                "prelude", "limits", "jobs", "lanes", "enqueue", "claim", "settle", "turn", "lease", "sweep",
                "events", "operate", "dead", "settings", "inspect", "why", "check",
            ].map { .embedInCode("\($0).lua") },
            swiftSettings: strict),
        .target(name: "JSON", dependencies: [nioCore], swiftSettings: strict),
        .target(
            name: "Penstock",
            dependencies: [
                "Redis", "Functions", nioCore, nioPosix, nioFoundation, logging, lifecycle,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "Runners",
            dependencies: [
                "Penstock", "JSON", nioCore, nioPosix, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict),
        .target(
            name: "Receiver",
            dependencies: [
                "Penstock", "JSON", nioCore, nioFoundation, logging, lifecycle,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "Sink",
            dependencies: ["Penstock", "JSON", "CLibpq", nioCore, logging, lifecycle],
            swiftSettings: strict),
        .executableTarget(
            name: "CLI",
            dependencies: [
                "Redis", "JSON", "Penstock", "Runners", "Receiver", "Sink", "Servers", nioCore, logging, lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(name: "Servers", swiftSettings: strict),
        .target(
            name: "Support",
            dependencies: ["Servers", "Redis", "Penstock", nioCore, nioPosix, logging],
            path: "Tests/Support",
            swiftSettings: strict),
        // Workers in processes of their own, for tests that let several compete and kill some.
        .executableTarget(
            name: "Trial", dependencies: ["Penstock", nioCore, logging, lifecycle], path: "Tests/Trial",
            swiftSettings: strict),
        .testTarget(name: "ServersTests", dependencies: ["Support", "Servers"], swiftSettings: strict),
        .testTarget(
            name: "FunctionsTests",
            dependencies: ["Support", "Servers", "Functions", "Redis", nioCore, nioPosix, logging],
            swiftSettings: strict),
        // A plain model of the queue, random sequences against it, and the program of the long run.
        .target(name: "Model", dependencies: ["Functions", "Servers"], path: "Tests/Model", swiftSettings: strict),
        .executableTarget(name: "ModelRun", dependencies: ["Model"], path: "Tests/ModelRun", swiftSettings: strict),
        .testTarget(name: "ModelTests", dependencies: ["Model", "Support"], swiftSettings: strict),
        .testTarget(
            name: "RedisTests", dependencies: ["Support", "Servers", "Redis", nioCore, nioPosix, logging],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON", nioCore], swiftSettings: strict),
        .testTarget(name: "PenstockTests", dependencies: ["Support", "Penstock"], swiftSettings: strict),
        .testTarget(
            name: "RunnersTests",
            dependencies: [
                "Support", "Runners", nioCore, nioPosix, .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReceiverTests",
            dependencies: [
                "Support", "Receiver", "JSON", "Redis", "Servers", nioCore, nioPosix, logging, lifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SinkTests", dependencies: ["Support", "Servers", "Sink", "JSON", nioCore, logging, lifecycle],
            swiftSettings: strict),
        .testTarget(name: "CLITests", dependencies: ["Support", "CLI"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CLI", "Trial", "Support", "Servers", "Penstock", "Sink", "Redis", nioCore, nioPosix, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
