import Build
import OCI
import Testing

struct CacheRecordTests {
    static let record = CacheRecord(
        chain: LayerChain([DiffID(Digest.of([1])), DiffID(Digest.of([2]))]), ingredients: ["operation": "run"],
        title: "RUN make \"x\"", created: 1_700_000_000, milliseconds: 12)

    @Test func aRecordIsReadAsItWasWritten() throws {
        #expect(try CacheRecord(parsing: Self.record.bytes) == Self.record)
    }

    @Test func aShortenedRecordIsNeverAccepted() {
        let bytes = Self.record.bytes
        for length in 0..<bytes.count {
            #expect(throws: OCIError.self) { try CacheRecord(parsing: Array(bytes[..<length])) }
        }
    }

    @Test func aDamagedRecordIsRefusedOrNamesOtherLayersButNeverEndsTheProgram() {
        let bytes = Self.record.bytes
        for index in bytes.indices {
            for bit in [0, 3, 7] {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                _ = try? CacheRecord(parsing: damaged)
            }
        }
    }

    @Test(arguments: [
        "{}", "[]", "null", #"{"layers":[]}"#, #"{"layers":["x"],"ingredients":{}}"#,
        #"{"layers":[1],"ingredients":{}}"#,
    ])
    func documentsOfOtherKindsAreRefused(_ text: String) {
        #expect(throws: OCIError.self) { try CacheRecord(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [0, 1, 951_782_400, 1_700_000_000, 4_102_444_800, 253_402_300_799])
    func timesAreReadAsTheyAreWritten(_ seconds: Int64) {
        #expect(RFC3339.seconds(RFC3339.text(seconds)) == seconds)
    }
}
