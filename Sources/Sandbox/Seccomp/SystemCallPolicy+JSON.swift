import OCI

extension SystemCallPolicy {
    /// The policy as the `linux.seccomp` member of a runtime configuration, for runtimes that build the filter.
    static let json: JSON = {
        func rule(_ names: [String], _ action: String, _ errno: UInt32? = nil, _ arguments: [JSON] = []) -> JSON {
            .object([
                "names": .array(names.map { .string($0) }),
                "action": .string(action),
                "errnoRet": errno.map { .integer(Int64($0)) },
                "args": arguments.isEmpty ? nil : .array(arguments),
            ])
        }
        func argument(_ index: Int64, _ operation: String, _ value: UInt32, _ second: UInt32? = nil) -> JSON {
            .object([
                "index": .integer(index), "op": .string(operation), "value": .integer(Int64(value)),
                "valueTwo": second.map { .integer(Int64($0)) },
            ])
        }
        let allow = "SCMP_ACT_ALLOW"
        var rules = [
            rule(allowed, allow),
            rule(refused, "SCMP_ACT_ERRNO", SeccompFilter.ErrorNumber.notPermitted),
            rule(["clone"], allow, nil, [argument(0, "SCMP_CMP_MASKED_EQ", namespaceFlags, 0)]),
        ]
        rules += personalities.map { rule(["personality"], allow, nil, [argument(0, "SCMP_CMP_EQ", $0)]) }
        for family in addressFamilies where family != 16 {
            rules.append(rule(["socket", "socketpair"], allow, nil, [argument(0, "SCMP_CMP_EQ", family)]))
        }
        rules += netlinkProtocols.map {
            rule(["socket"], allow, nil, [argument(0, "SCMP_CMP_EQ", 16), argument(2, "SCMP_CMP_EQ", $0)])
        }
        return .object([
            "defaultAction": .string("SCMP_ACT_ERRNO"),
            "defaultErrnoRet": .integer(Int64(SeccompFilter.ErrorNumber.noSuchCall)),
            "syscalls": .array(rules),
        ])
    }()
}
