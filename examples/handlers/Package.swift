// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "handlers",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "penstock", path: "../.."),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .executableTarget(
            name: "Handlers",
            dependencies: [
                .product(name: "Penstock", package: "penstock"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
