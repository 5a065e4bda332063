import Git

GitHelper.runIfRequested(arguments: CommandLine.arguments)
