target "lib" {
  args = { VERSION = "1.${upper("b")}" }
  tags = ["lib:${target.lib.args.VERSION}"]
}
target "app" {
  args = target.lib.args
  tags = concat(target.lib.tags, ["app:${target["lib"].args.VERSION}"])
  description = "uses ${join(",", group.all.targets)}"
}
group "all" {
  targets = ["lib", "app"]
}
