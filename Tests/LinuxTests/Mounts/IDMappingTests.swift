import Glibc
import Linux
import Testing

struct IDMappingTests {
    private let mapping = IDMapping(base: 300_000).extended(base: 1 << 31, count: 1000)

    @Test(arguments: [
        (UInt32(0), UInt32(300_000)), (65_535, 365_535), (65_536, 2_147_483_648), (66_535, 2_147_484_647),
    ])
    func idsOfEachRangeAreTheOnesBesideIt(inside: UInt32, outside: UInt32) {
        #expect(mapping.outside(inside) == outside)
        #expect(mapping.inside(outside) == inside)
    }

    @Test func otherIDsAreNobodys() {
        #expect(mapping.count == 66_536)
        for id in [66_536, UInt32.max] { #expect(mapping.outside(id) == nil) }
        for id in [0, 65_536, 299_999, 365_536, 2_147_483_647, 2_147_484_648, UInt32.max] {
            #expect(mapping.inside(id) == nil)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mapping ids needs root")) func theKernelTakesItsText() throws {
        #expect(mapping.mapText == "0 300000 65536\n65536 2147483648 1000\n")
        #expect(mapping.outsideText == "300000 to 365535 and 2147483648 to 2147484647")
        _ = try UserNamespace(mapping)
    }
}
