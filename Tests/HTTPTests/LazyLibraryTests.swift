import CLazyLibrary
import Glibc
import Testing

struct LazyLibraryTests {
    private static func find(_ symbol: String, in library: String) -> UnsafeMutableRawPointer {
        library.withCString { name in
            "install it".withCString { remedy in
                var library = caisson_library(name: name, remedy: remedy)
                var address: UnsafeMutableRawPointer?
                let found = caisson_library_symbol(&library, symbol, &address)
                return address == found ? found! : UnsafeMutableRawPointer(bitPattern: 1)!
            }
        }
    }

    @Test func functionIsThatOfTheLibrary() throws {
        let floor = unsafeBitCast(
            Self.find("floor", in: "libm.so.6"), to: (@convention(c) (Double) -> Double).self)
        #expect(floor(2.5) == 2)
    }

    @Test(arguments: [("libnothing.so.1", "floor"), ("libm.so.6", "nothing")])
    func whatIsMissingEndsTheProcessAndIsNamed(library: String, symbol: String) async throws {
        let result = try await #require(
            processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
        ) { [library, symbol] in
            _ = Self.find(symbol, in: library)
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains(library == "libm.so.6" ? symbol : library))
        #expect(text.contains("hint: install it\n"))
    }
}
