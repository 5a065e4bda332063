import Build
import Testing

struct UserDatabaseTests {
    static let database = UserDatabase(
        passwd: Array(
            """
            root:x:0:0:root:/root:/bin/sh
            daemon:x:1:1::/usr/sbin:/bin/false
            # comment
            app:x:1000:100:App:/home/app:/bin/sh
            broken:x
            """.utf8),
        group: Array("root:x:0:\nwheel:x:10:root,app\ndaemon:x:1:\nusers:x:100:\nextra:x:200:daemon\n".utf8))

    @Test(arguments: [
        ("", UserDatabase.Identity(uid: 0, gid: 0, supplementary: [10], home: "/root")),
        ("root", .init(uid: 0, gid: 0, supplementary: [10], home: "/root")),
        ("0", .init(uid: 0, gid: 0, supplementary: [10], home: "/root")),
        ("daemon", .init(uid: 1, gid: 1, supplementary: [200], home: "/usr/sbin")),
        ("1000", .init(uid: 1000, gid: 100, supplementary: [10], home: "/home/app")),
        ("1234", .init(uid: 1234, gid: 0, supplementary: [], home: nil)),
        ("1234:1234", .init(uid: 1234, gid: 1234, supplementary: [], home: nil)),
        ("app:users", .init(uid: 1000, gid: 100, supplementary: [], home: "/home/app")),
        ("app:77", .init(uid: 1000, gid: 77, supplementary: [], home: "/home/app")),
    ])
    func usersOfCommandsAreLookedUp(_ text: String, _ expected: UserDatabase.Identity) throws {
        #expect(try Self.database.identity(of: text) == expected)
    }

    @Test(arguments: [
        ("app", 1000, 100), ("1000", 1000, 1000), ("0:0", 0, 0), ("app:wheel", 1000, 10), ("5:6", 5, 6),
    ])
    func ownersOfCopiesAreLookedUp(_ text: String, _ uid: UInt32, _ gid: UInt32) throws {
        #expect(try Self.database.owner(of: text) == CopyPlacement.Owner(uid: uid, gid: gid))
    }

    @Test(arguments: [
        "nobody", "app:nogroup", "-1", "+5", "0x0", " 1000", "root ", "2147483648", "4294967295", "4294967296",
        "broken",
        "root:", "1:2:3",
    ])
    func anythingElseIsAnErrorAndNeverRoot(_ text: String) {
        #expect(throws: UnknownUser.self) { try Self.database.identity(of: text) }
        #expect(throws: UnknownUser.self) { try Self.database.owner(of: text) }
    }

    @Test(arguments: [
        ("nobody", "not in the image's /etc/passwd"), ("app:nogroup", "not in the image's /etc/group"),
        ("2147483648", "is larger than 2147483647"), ("root:", "no group is named"), (":5", "no user is named"),
    ])
    func errorsSayWhatIsWrongWithTheName(_ text: String, _ expected: String) {
        let error = #expect(throws: UnknownUser.self) { try Self.database.owner(of: text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
}
