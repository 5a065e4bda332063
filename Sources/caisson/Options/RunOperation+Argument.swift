import ArgumentParser
import Build

extension RunOperation.Network: ExpressibleByArgument {}
