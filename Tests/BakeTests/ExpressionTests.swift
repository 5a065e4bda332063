import Bake
import OCI
import Testing

/// The language by examples: an expression and its value as JSON.
@Suite struct ExpressionTests {
    static func value(of expression: String, also text: String = "") throws -> String {
        let source = BakeSource(
            name: "docker-bake.hcl", text: "variable \"x\" {\n  default = \(expression)\n}\n\(text)\n")
        let environment = BakeEnvironment(now: 1_700_000_000)
        let definition = try BakeDefinition([source], environment: environment)
        return definition.variables.first { $0.name == "x" }?.value.json.lineText ?? ""
    }

    @Test(arguments: [
        // Literals and operators.
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 / 2", "3.5"), ("6 / 2", "3"), ("7 % 3", "1"), ("-2 + 1", "-1"),
        ("!true || 1 < 2 && 2 >= 2", "true"), ("1 == 1 ? \"a\" : \"b\"", #""a""#), ("\"1\" == 1", "false"),
        ("9223372036854775806 + 1", "9223372036854775807"), ("1.5e3", "1500"), ("0.1", "0.1"),
        ("(-9223372036854775807 - 1) / -1 > 0", "true"), ("(-9223372036854775807 - 1) % -1", "0"), ("null", "null"),
        ("\"5\" * 2", "10"),
        // Templates.
        (#""a${1 + 1}b""#, #""a2b""#), (#""${[1, 2]}""#, "[1,2]"), (#""$${a} %%{b}""#, #""${a} %{b}""#),
        (#""tab\tquote\" \u00e9""#, #""tab\tquote\" é""#), (#""%{ if true }yes%{ else }no%{ endif }""#, #""yes""#),
        (#""%{ for i, x in ["a", "b"] }${i}${x};%{ endfor }""#, #""0a;1b;""#), (#""a ${~ "b" ~} c""#, #""abc""#),
        ("<<EOF\n  one\n  ${1 + 1}\nEOF", #""  one\n  2\n""#),
        ("<<-EOF\n    one\n\n      two\n    EOF", #""one\n\n  two\n""#),
        // Collections.
        ("[1, 2,\n 3,]", "[1,2,3]"), ("{ a = 1, \"b c\" : 2\n (\"d\") = 3 }", #"{"a":1,"b c":2,"d":3}"#),
        ("[for x in [1, 2, 3] : x * 2 if x != 2]", "[2,6]"),
        ("[for k, v in { b = 1, a = 2 } : \"${k}${v}\"]", #"["a2","b1"]"#),
        ("{ for x in [\"a\", \"b\"] : x => upper(x) }", #"{"a":"A","b":"B"}"#),
        ("{ for x in [\"ab\", \"ac\", \"b\"] : substr(x, 0, 1) => x... }", #"{"a":["ab","ac"],"b":["b"]}"#),
        ("[{ n = 1 }, { n = 2 }][*].n", "[1,2]"), ("[{ n = 1 }, { n = 2 }].*.n", "[1,2]"), ("{ a = [5, 6] }.a[1]", "6"),
        ("[[1, 2], [3]][0].1", "2"), ("null[*]", "[]"), ("\"a\"[*]", #"["a"]"#),
        // Comments.
        ("[ # one\n 1, // two\n /* three */ 2 ]", "[1,2]"),
    ])
    func expressionsHaveTheirValues(_ expression: String, _ value: String) throws {
        #expect(try Self.value(of: expression) == value)
    }

    @Test(arguments: [
        ("add(1, 2)", "3"), ("divide(7, 2)", "3.5"), ("modulo(7, 4)", "3"), ("negate(3)", "-3"), ("absolute(-3)", "3"),
        ("ceil(1.2)", "2"), ("floor(-1.2)", "-2"), ("int(1.9)", "1"), ("max(1, 3, 2)", "3"), ("min([4, 2]...)", "2"),
        ("pow(2, 10)", "1024"), ("floor(log(1001, 10))", "3"), ("parseint(\"ff\", 16)", "255"), ("signum(-4)", "-1"),
        ("range(3)", "[0,1,2]"), ("range(1, 6, 2)", "[1,3,5]"), ("range(2, 0)", "[2,1]"),
        ("equal(1, 1)", "true"), ("notequal(\"a\", \"b\")", "true"), ("and(true, false)", "false"),
        ("not(false)", "true"),
        ("upper(\"aé\")", #""AÉ""#), ("title(\"hello big world\")", #""Hello Big World""#),
        ("chomp(\"a\\n\\n\")", #""a""#),
        ("trimspace(\"  a \\n\")", #""a""#), ("trim(\"!?a!\", \"!?\")", #""a""#),
        ("trimprefix(\"v1.2\", \"v\")", #""1.2""#),
        ("trimsuffix(\"a.tar\", \".tar\")", #""a""#), ("strlen(\"aé\")", "2"), ("byteslen(\"aé\")", "3"),
        ("substr(\"hello\", 1, 3)", #""ell""#), ("substr(\"hello\", -3, -1)", #""llo""#),
        ("join(\",\", [\"a\", 1], [\"b\"])", #""a,1,b""#), ("split(\",\", \"a,b,\")", #"["a","b",""]"#),
        ("replace(\"1 + 2 + 3\", \"+\", \"-\")", #""1 - 2 - 3""#), ("indent(2, \"a\\nb\")", #""a\n  b""#),
        ("basename(\"/a/b.txt\")", #""b.txt""#), ("dirname(\"/a/b.txt\")", #""/a""#),
        ("sanitize(\"a/b:1.0-x\")", #""a_b_1_0-x""#),
        ("reverse(\"abc\")", #""cba""#), ("reverse([1, 2])", "[2,1]"),
        ("strlen(uuidv5(\"dns\", \"example.org\"))", "36"),
        (
            "format(\"%s-%03d|%-4s|%5.2f|%%|%v|%q\", \"a\", 7, \"b\", 3.14159, [1], \"c\")",
            #""a-007|b   | 3.14|%|[1]|\"c\"""#
        ),
        ("formatlist(\"%s/%s\", \"app\", [\"a\", \"b\"])", #"["app/a","app/b"]"#),
        ("concat([1], [2, 3])", "[1,2,3]"), ("length({ a = 1 })", "1"), ("element([\"a\", \"b\"], 3)", #""b""#),
        ("slice([1, 2, 3], 1, 3)", "[2,3]"), ("sort([\"b\", \"a\"])", #"["a","b"]"#), ("distinct([1, 1, 2])", "[1,2]"),
        ("compact([\"\", \"a\"])", #"["a"]"#), ("flatten([[1], [[2], 3]])", "[1,2,3]"),
        ("coalesce(null, \"\", \"a\")", #""""#),
        ("coalescelist([], [1])", "[1]"), ("chunklist([1, 2, 3], 2)", "[[1,2],[3]]"),
        ("contains([\"a\"], \"a\")", "true"),
        ("index([\"a\", \"b\"], 1)", #""b""#), ("indexof([\"a\", \"b\"], \"b\")", "1"),
        ("hasindex({ a = 1 }, \"a\")", "true"),
        ("setunion([\"b\"], [\"a\", \"b\"])", #"["a","b"]"#), ("setintersection([1, 2], [2, 3])", "[2]"),
        ("setsubtract([1, 2], [2])", "[1]"),
        ("setproduct([\"a\", \"b\"], [1, 2])", #"[["a",1],["a",2],["b",1],["b",2]]"#),
        ("keys({ b = 1, a = 2 })", #"["a","b"]"#), ("values({ b = 1, a = 2 })", "[2,1]"),
        ("lookup({ a = 1 }, \"b\", 0)", "0"),
        ("merge({ a = 1, b = 1 }, { b = 2 })", #"{"a":1,"b":2}"#), ("zipmap([\"a\"], [1])", #"{"a":1}"#),
        ("jsonencode({ a = [true, null] })", #""{\"a\":[true,null]}""#),
        ("jsondecode(\"{\\\"a\\\": [1.5]}\").a[0]", "1.5"),
        ("csvdecode(\"a,b\\n1,\\\"x,y\\\"\\n\")[0].b", #""x,y""#), ("base64encode(\"hello\")", #""aGVsbG8=""#),
        ("base64decode(\"aGVsbG8=\")", #""hello""#), ("urlencode(\"a b/ü\")", #""a+b%2F%C3%BC""#),
        ("md5(\"hello\")", #""5d41402abc4b2a76b9719d911017c592""#),
        ("sha1(\"hello\")", #""aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d""#),
        ("sha256(\"hello\")", #""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#),
        (
            "sha512(\"hello\")",
            #""9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043""#
        ),
        ("timestamp()", #""2023-11-14T22:13:20Z""#), ("timeadd(timestamp(), \"1h30m\")", #""2023-11-14T23:43:20Z""#),
        ("formatdate(\"EEE, DD MMM YYYY 'at' hh:mm AA\", timestamp())", #""Tue, 14 Nov 2023 at 22:13 PM""#),
        ("can(1 / 0)", "false"), ("try(nothing, \"b\")", #""b""#), ("convert(\"5\", number) + 1", "6"),
        ("convert([1, 2], list(string))", #"["1","2"]"#),
    ])
    func functionsHaveTheirResults(_ expression: String, _ value: String) throws {
        #expect(try Self.value(of: expression) == value)
    }

    @Test(arguments: [
        (#"regex("[0-9]+", "v12.3")"#, #""12""#), (#"regex("(\\d+)\\.(\\d+)", "v1.22")"#, #"["1","22"]"#),
        (#"regex("(?P<major>\\d+)\\.(?P<minor>\\d+)", "1.2")"#, #"{"major":"1","minor":"2"}"#),
        (#"regexall("[a-z]+", "ab 1 cd")"#, #"["ab","cd"]"#),
        (#"regex_replace("v1.2.3", "^v(\\d+).*", "$1")"#, #""1""#),
        (#"regex_replace("a-b_c", "[^a-z]", "")"#, #""abc""#), (#"regexall("a*", "baac")"#, #"["","aa","" ]"#),
        (#"regex("a|ab", "ab")"#, #""a""#), (#"regex("(?i)HELLO", "say hello")"#, #""hello""#),
        (#"regex("x{2,3}?", "xxxx")"#, #""xx""#),
        (
            #"regex_replace("foo bar", "(?P<a>\\w+) (?P<b>\\w+)", "${b} ${a}")"#.replacing("${", with: "$${"),
            #""bar foo""#
        ),
        (#"regex("^[[:alpha:]_]\\w*$", "name_1")"#, #""name_1""#), (#"can(regex("^\\d+$", "12a"))"#, "false"),
        (#"regex("(a)|(b)", "b")"#, #"[null,"b"]"#),
    ])
    func expressionsOfTextMatchAsOthersDo(_ expression: String, _ value: String) throws {
        #expect(try Self.value(of: expression) == value.replacing("\"\" ]", with: "\"\"]"))
    }

    @Test func functionsOfTheFileTakeParametersAndTheRest() throws {
        let functions = """
            function "tag" {
              params = [name]
              variadic_params = rest
              result = "${name}:${join("-", rest)}-${suffix}"
            }
            suffix = "z"
            """
        #expect(try Self.value(of: #"tag("app", "a", "b")"#, also: functions) == #""app:a-b-z""#)
    }
}
