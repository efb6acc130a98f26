import Hummingbird
import NIOCore
import NIOHTTP1

/// How a request's body is read: into memory, but never past a cap.
enum Body {
    /// - Parameter share: holds the memory of the body; keep it as long as the body.
    /// - Throws: `Problem` 413 before anything is read if `Content-Length` says more than `limit`, or as soon as a stream
    ///   brings more; 503 when all bodies together take too much memory; 408 when it takes too
    ///   long; 400 when it breaks off.
    static func read(_ request: Request, upTo limit: Int, share: Budget.Share) async throws(Problem) -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw .tooLarge(limit) }
        // No memory is reserved by what the sender announces, only by what it sends.
        var body = ByteBuffer()
        do {
            for try await chunk in request.body {
                guard body.readableBytes + chunk.readableBytes <= limit else { throw Problem.tooLarge(limit) }
                guard share.reserve(body.readableBytes + chunk.readableBytes) else {
                    throw Problem.unavailable("too many large bodies arrive at once; send it again later")
                }
                if body.readableBytes == 0 { body = chunk } else { body.writeImmutableBuffer(chunk) }
            }
        } catch let problem as Problem {
            throw problem
        } catch is LateBody {
            throw Problem(.requestTimeout, "the body did not arrive in time; send it again, faster")
        } catch {
            throw Problem(.badRequest, "the body broke off or is framed wrongly; send it again")
        }
        return body
    }
}

/// Ends the body of a sender that keeps a connection busy with a trickle.
struct LateBody: Error {}
