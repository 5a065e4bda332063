import OCI
import Testing

struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    private func canonical(_ text: String) throws -> String {
        String(decoding: try parse(text).canonicalBytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("-0", "0"), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775808", "9223372036854775808"),
        ("1.50", "1.50"), ("1e3", "1e3"), ("-2.5E-7", "-2.5E-7"), ("[]", "[]"), ("{}", "{}"),
        (#"[ 1 , [ "a" ] , { } ]"#, #"[1,["a"],{}]"#),
        (#"{"b":1,"a":2,"B":3,"":4}"#, #"{"":4,"B":3,"a":2,"b":1}"#),
        (#"{"é":1,"z":2}"#, #"{"z":2,"é":1}"#),
        (#""a\/b""#, #""a/b""#), (#""\u0041\u00e9\u20ac\ud83d\ude00""#, "\"Aé€😀\""),
        (#""\b\f\n\r\t\"\\\u0000\u001f\u007f""#, "\"\\b\\f\\n\\r\\t\\\"\\\\\\u0000\\u001f\u{7f}\""),
        ("\"\u{2028}<>&\"", "\"\u{2028}<>&\""),
    ])
    func documentHasOneCanonicalForm(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
        #expect(try canonical(expected) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "True", "NaN", "Infinity", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x10", "1 2",
        "[1,]", "[,1]",
        "[1", "[1 2]", "{", "{}}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":1 "b":2}"#, #"{"a":1,"a":2}"#,
        #"{"\u0061":1,"a":2}"#, "'a'", "\"", "\"a", #""\x""#, #""\u12""#, #""\u12g4""#, #""\ud800""#, #""\udc00""#,
        #""\ud800\u0041""#, #""\ud800\ud800""#, "\"\n\"", "\"\u{0}\"", "// x\n1", "1/**/", "\u{feff}1", "[1]x",
    ])
    func otherTextIsNoDocument(text: String) {
        #expect { try parse(text) } throws: { ($0 as? OCIError)?.code == .invalidDocument }
    }

    @Test(
        arguments: [
            [0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0x80, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
        ] as [[UInt8]])
    func textThatIsNotUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: OCIError.self) { try JSON(parsing: bytes) }
    }

    @Test func nestingIsBounded() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try parse(nested(100))
        #expect(throws: OCIError.self) { try parse(nested(1000)) }
        #expect(throws: OCIError.self) { try parse(String(repeating: #"{"a":"#, count: 200_000)) }
        #expect(throws: OCIError.self) { try parse(String(repeating: "[", count: 4_000_000)) }
    }

    @Test func wideObjectIsReadInReasonableTime() throws {
        let members = (0..<20_000).map { "\"name\($0)\":\($0)" }.joined(separator: ",")
        #expect(try parse("{\(members)}").objectValue?.members.count == 20_000)
    }

    /// Two names may look alike and differ in their bytes: they are two members, and canonical order is by bytes.
    @Test func namesAreComparedByTheirBytes() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let object = try parse("{\"\(composed)\":1,\"\(decomposed)\":2}")
        #expect(object[composed]?.integerValue == 1 && object[decomposed]?.integerValue == 2)
    }

    @Test func membersKeepTheirOrderUntilWrittenCanonically() throws {
        var object = try #require(try parse(#"{"b":1,"a":null,"c":[1]}"#).objectValue)
        #expect(object.members.map(\.name) == ["b", "a", "c"])
        object["b"] = nil
        object["d"] = true
        object["a"] = "x"
        #expect(JSON.object(object).lineText == #"{"a":"x","c":[1],"d":true}"#)
        #expect(JSON.object(object).indentedText == "{\n  \"a\": \"x\",\n  \"c\": [\n    1\n  ],\n  \"d\": true\n}")
    }

    @Test func absentAndNullAreTheSameToReaders() throws {
        let value = try parse(#"{"a":null,"n":1.5,"i":3,"s":"x","b":false}"#)
        #expect(value["a"] == nil && value["x"] == nil && value["s"]?["y"] == nil)
        #expect(value["n"]?.integerValue == nil && value["i"]?.integerValue == 3 && value["b"]?.boolValue == false)
    }
}
