import Crypto
import NIOCore
import Testing

@testable import Receiver

@Suite struct SignatureTests {
    static let vectors = [
        // The example in GitHub's documentation.
        (
            "It's a Secret to Everybody", "Hello, World!",
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        ),
        ("mysecret", #"{"foo":"bar"}"#, "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"),
        ("0123456789abcdef", #"{"yo":true}"#, "b1f8020f5b4cd42042f807dd939015c4a418bc1ff7f604dd55b0a19b5d953d9b"),
    ]

    private func proves(_ signature: String?, _ body: String, _ secrets: [String]) throws -> Bool {
        let source = try Source(name: "github", secrets: secrets.map { Array($0.utf8) })
        return Signature(signature)?.proves(ByteBuffer(string: body), with: source.secrets) ?? false
    }

    @Test("Known signatures prove their bodies, in either case of the digits", arguments: vectors)
    func known(secret: String, body: String, digits: String) throws {
        #expect(try proves("sha256=\(digits)", body, [secret]))
        #expect(try proves("sha256=\(digits.uppercased())", body, [secret]))
        #expect(try !proves("sha256=\(digits)", body + "\n", [secret]))
        #expect(try !proves("sha256=\(digits)", body, [secret + "x"]))
    }

    @Test("Every secret of a source is valid, wherever it stands")
    func rotation() throws {
        let (secret, body, digits) = Self.vectors[0]
        #expect(try proves("sha256=\(digits)", body, [secret, "new"]))
        #expect(try proves("sha256=\(digits)", body, ["new", secret]))
        #expect(try proves("sha256=\(digits)", body, ["new", "newer", secret]))
        #expect(try !proves("sha256=\(digits)", body, ["new", "newer"]))
    }

    @Test(
        "What is not sha256= and 64 hexadecimal digits is no signature",
        arguments: [
            nil, "", "sha256=", "sha256", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59", "sha256=757107",
            "SHA256=" + String(repeating: "a", count: 64),
            "sha256=" + String(repeating: "a", count: 63), "sha256=" + String(repeating: "a", count: 65),
            "sha256=" + String(repeating: "a", count: 62), "sha256=" + String(repeating: "g", count: 64),
            "sha256=" + String(repeating: "é", count: 32), "sha256= " + String(repeating: "a", count: 63),
            "sha256=" + String(repeating: "a", count: 64) + " ", "sha256=" + String(repeating: "+1", count: 32),
        ])
    func malformed(text: String?) {
        #expect(Signature(text) == nil)
    }

    @Test("A source without a secret, or with an empty one, is refused")
    func secrets() {
        #expect(throws: ReceiverError.noSecret(source: "github")) { try Source(name: "github", secrets: []) }
        #expect(throws: ReceiverError.emptySecret(source: "github")) { try Source(name: "github", secrets: [[1], []]) }
    }

    @Test("A source does not print its secrets")
    func printing() throws {
        let source = try Source(name: "github", secrets: [Array("hunter2".utf8)])
        #expect(!"\(source)".contains("hunter2"))
        #expect(!String(reflecting: source).contains("hunter2"))
    }
}
