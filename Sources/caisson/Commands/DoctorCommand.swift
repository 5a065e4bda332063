import ArgumentParser
import Engine
import Linux
import OCI
import Sandbox

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this host can do, what is missing and how to get it.",
        discussion: "Exit code 3 if builds cannot run here.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var devices: DeviceOptions

    func run() async throws {
        let checks = await HostReport.checks(store: store.storePath, devices: devices.registry)
        if store.json {
            let json = checks.map { check -> JSON in
                [
                    "name": .string(check.name), "ok": .bool(check.isMet), "detail": .string(check.detail),
                    "remedy": check.isMet ? nil : .string(check.remedy),
                ]
            }
            StandardOutput.write(JSON.array(json).lineText + "\n")
        } else {
            for check in checks {
                StandardOutput.write("\(check.isMet ? "ok     " : "missing")  \(check.name): \(check.detail)\n")
                if !check.isMet { StandardOutput.write("         \(check.remedy)\n") }
            }
        }
        if !HostReport.allowsBuilds(checks) {
            throw CommandFailure(text: store.json ? "" : "error: builds cannot run here", .infrastructure)
        }
    }
}
