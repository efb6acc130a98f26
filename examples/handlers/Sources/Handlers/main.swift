// A worker with handlers of one's own. Start it beside any Redis, then give it work from another terminal:
//
//     swift run Handlers
//     penstock enqueue images thumbnail '{"width":4000,"height":3000}'
//
// or with nothing but a Redis client, where a worker has loaded the functions:
//
//     redis-cli FCALL penstock_enqueue 1 images thumbnail '{"width":4000,"height":3000}'
import Foundation
import Logging
import Penstock
import ServiceLifecycle

let store = try Store(url: ProcessInfo.processInfo.environment["REDIS_URL"] ?? "redis://127.0.0.1:6379")
let worker = try Worker(
    queues: ["images"], in: store, concurrency: 10,
    handlers: [
        "thumbnail": { job in
            let image: Thumbnail = try job.decode()
            guard image.width > 0, image.height > 0 else { throw Bury("an image has no side of 0 pixels") }
            return try .json(image.fitted(into: 640))
        }
    ])

// SIGTERM and Ctrl-C let running handlers end and give the other jobs back.
let services = ServiceGroup(
    services: [worker], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "handlers"))
try await services.run()
await store.shutdown()
