target "app" {
  contexts = { base = "target:bas" }
}
target "base" {}
