/// A file that says what devices are (Container Device Interface 0.3 to 1.1).
struct DeviceSpecification {
    let devices: [Device]

    /// `file` names it in messages.
    init(parsing bytes: [UInt8], file: String) throws(SpecificationFault) {
        var members = try SpecificationMembers(try SpecificationNode.parse(bytes), "the specification")
        let version = try members.required("cdiVersion")
        let number = try version.text("cdiVersion").split(separator: ".", omittingEmptySubsequences: false)
        guard number.count == 3, number.allSatisfy({ UInt($0) != nil }), ["0", "1"].contains(number[0]) else {
            throw SpecificationFault(line: version.line, message: "cdiVersion is none that is known here: up to 1.1.0")
        }
        let kindNode = try members.required("kind")
        let kind = try kindNode.text("kind")
        guard DeviceName.isKind(kind) else {
            throw SpecificationFault(line: kindNode.line, message: "the kind `\(kind)` is not of the form vendor/class")
        }
        let annotations = try Self.annotations(members.take("annotations"))
        let common = try members.take("containerEdits").map { node throws(SpecificationFault) in
            try Edits(node, file)
        }
        var devices: [Device] = []
        for node in try members.required("devices").items("devices") {
            var members = try SpecificationMembers(node, "a device")
            let nameNode = try members.required("name")
            let name = try nameNode.text("name")
            guard DeviceName.isDevice(name) else {
                throw SpecificationFault(line: nameNode.line, message: "`\(name)` is no name for a device")
            }
            let own = try Edits(try members.required("containerEdits"), file)
            let annotations = annotations.merging(try Self.annotations(members.take("annotations"))) { $1 }
            try members.finish()
            let qualified = "\(kind)=\(name)"
            if devices.contains(where: { $0.name == qualified }) {
                throw SpecificationFault(line: nameNode.line, message: "the device `\(name)` is there twice")
            }
            var edits = own.edits
            if let common { edits.add(common.edits) }
            devices.append(
                Device(
                    name: qualified, kind: kind, file: file, annotations: annotations, edits: edits,
                    refusal: own.refusal ?? common?.refusal))
        }
        try members.finish()
        self.devices = devices
    }

    private static func annotations(_ node: SpecificationNode?) throws(SpecificationFault) -> [String: String] {
        guard let node else { return [:] }
        guard case .mapping(let members) = node.content else {
            throw SpecificationFault(line: node.line, message: "annotations is no mapping")
        }
        var annotations: [String: String] = [:]
        for member in members { annotations[member.name] = try member.value.text("an annotation") }
        return annotations
    }

    /// `containerEdits`, and why they cannot be carried out if that is so.
    private struct Edits {
        var edits = DeviceEdits()
        var refusal: String?

        init(_ node: SpecificationNode, _ file: String) throws(SpecificationFault) {
            if node.content == .null { return }
            var members = try SpecificationMembers(node, "containerEdits")
            for (name, reason) in [
                ("hooks", "hooks, which are programs of the host with all its rights, are not run here"),
                ("netDevices", "interfaces of the host's network are not given to steps"),
                ("intelRdt", "classes of the processor's cache are not assigned here"),
            ] {
                guard let node = members.take(name), node.content != .sequence([]) else { continue }
                refusal = refusal ?? "\(file):\(node.line): \(reason)"
            }
            for node in try members.take("env")?.items("env") ?? [] {
                let pair = try node.text("a variable")
                guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                    throw SpecificationFault(line: node.line, message: "the variable `\(pair)` is not NAME=value")
                }
                edits.environment.append(pair)
            }
            for node in try members.take("deviceNodes")?.items("deviceNodes") ?? [] {
                edits.nodes.append(try DeviceEdits.Node(node))
            }
            for node in try members.take("mounts")?.items("mounts") ?? [] {
                edits.mounts.append(try DeviceEdits.Mount(node))
            }
            for node in try members.take("additionalGids")?.items("additionalGids") ?? [] {
                edits.groups.append(try node.number("a group"))
            }
            try members.finish()
        }
    }
}

extension DeviceEdits.Node {
    fileprivate init(_ node: SpecificationNode) throws(SpecificationFault) {
        var members = try SpecificationMembers(node, "a device node")
        let pathNode = try members.required("path")
        path = try pathNode.path("path")
        guard !Self.isTaken(path) else {
            throw SpecificationFault(line: pathNode.line, message: "`\(path)` is the sandbox's own")
        }
        hostPath =
            try members.take("hostPath").map { node throws(SpecificationFault) in
                try node.path("hostPath")
            } ?? path
        if let node = members.take("type") {
            switch try node.text("type") {
            case "c", "u": kind = .character
            case "b": kind = .block
            case let other:
                throw SpecificationFault(line: node.line, message: "the type `\(other)` is neither `c` nor `b`")
            }
        } else {
            kind = nil
        }
        let major = try members.take("major").map { node throws(SpecificationFault) in try node.number("major") }
        let minor = try members.take("minor").map { node throws(SpecificationFault) in try node.number("minor") }
        number = kind != nil && major ?? 0 != 0 ? Number(major: major ?? 0, minor: minor ?? 0) : nil
        mode = try members.take("fileMode").map { node throws(SpecificationFault) in
            UInt16(try node.number("fileMode", upTo: 0o777))
        }
        uid = try members.take("uid").map { node throws(SpecificationFault) in try node.number("uid") }
        gid = try members.take("gid").map { node throws(SpecificationFault) in try node.number("gid") }
        let permissions = members.take("permissions")
        let letters = try permissions?.text("permissions") ?? ""
        guard let access = DeviceAccess(letters.isEmpty ? "rwm" : letters) else {
            throw SpecificationFault(
                line: permissions?.line ?? node.line, message: "permissions `\(letters)` are not some of r, w and m")
        }
        self.access = access
        try members.finish()
    }

    /// What the sandbox makes itself below /dev, and the trees of the kernel.
    private static func isTaken(_ path: String) -> Bool {
        let components = path.split(separator: "/")
        if ["proc", "sys"].contains(components[0]) { return true }
        guard components[0] == "dev" else { return false }
        let own: Set<Substring> = [
            "pts", "shm", "mqueue", "pipes", "ptmx", "console", "tty", "fd", "stdin", "stdout", "stderr", "core",
        ]
        return components.count == 1 || own.contains(components[1])
    }
}

extension DeviceEdits.Mount {
    fileprivate init(_ node: SpecificationNode) throws(SpecificationFault) {
        var members = try SpecificationMembers(node, "a mount")
        hostPath = try members.required("hostPath").path("hostPath")
        path = try members.required("containerPath").path("containerPath")
        if let node = members.take("type"), !["bind", "none", ""].contains(try node.text("type")) {
            throw SpecificationFault(line: node.line, message: "a mount that is no bind mount")
        }
        var isReadOnly = true
        for option in try members.take("options")?.items("options") ?? [] {
            switch try option.text("an option") {
            case "rw": isReadOnly = false
            case "ro": isReadOnly = true
            // What every mount of a step is.
            case "bind", "rbind", "nosuid", "nodev", "private", "rprivate": break
            case let other:
                throw SpecificationFault(line: option.line, message: "the mount option `\(other)` is not known here")
            }
        }
        self.isReadOnly = isReadOnly
        try members.finish()
    }
}
